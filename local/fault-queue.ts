/** Faults of the next requests, one each, in order. */
export interface FaultQueue<Fault> {
  /** Adds faults to the queue. Throws for one that is not known, and for what is not a list. */
  add(faults: unknown): void
  /** Returns the fault of the request that is being handled: `none` when the queue is empty. */
  next(): Fault | 'none'
}

/** `known` begins with `none`. `refuse` makes an error that the server in question turns into a 400. */
export function createFaultQueue<const Fault extends string>(
  known: readonly Fault[],
  refuse: (message: string) => Error,
): FaultQueue<Fault> {
  const queue: Fault[] = []
  return {
    add(faults) {
      if (!Array.isArray(faults)) throw refuse(`expected {"next": ["${known[1]}", …]}`)
      const unknown = faults.find((fault) => !known.includes(fault))
      if (unknown !== undefined) throw refuse(`unknown fault ${JSON.stringify(unknown)}`)
      queue.push(...faults)
    },
    next: () => queue.shift() ?? 'none',
  }
}
