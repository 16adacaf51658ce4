import * as z from 'zod'

/** Faults of the next requests, one each, in order. */
export interface FaultQueue<Fault> {
  /** Adds faults to the queue. */
  add(faults: readonly Fault[]): void
  /**
   * Sets what a body names: `next` adds a list to the queue, and `always` is the fault of every request for which the
   * queue has none. Throws for anything else, and then changes nothing.
   */
  set(body: unknown): void
  /** Returns the fault of the current request, or `none`. */
  next(): Fault | 'none'
}

/** Creates a queue. `known` begins with `none`. `refuse` makes an error that the server turns into a 400. */
export function createFaultQueue<const Fault extends string>(
  known: readonly Fault[],
  refuse: (message: string) => Error,
): FaultQueue<Fault> {
  const queue: Fault[] = []
  let usual: Fault | 'none' = 'none'
  const fault = z.enum(known)
  const bodies = z
    .strictObject({ next: z.array(fault).optional(), always: fault.optional() })
    .refine(({ next, always }) => next ?? always)
  return {
    add: (faults) => void queue.push(...faults),
    set(body) {
      const { success, data } = bodies.safeParse(body)
      if (!success)
        throw refuse(
          `takes {"next": ["${known[1]}", …]} for the next requests, one each, ` +
            `or {"always": "${known[1]}"} for all others: ${known.join(', ')}`,
        )
      const { next = [], always = usual } = data
      queue.push(...next)
      usual = always
    },
    next: () => queue.shift() ?? usual,
  }
}
