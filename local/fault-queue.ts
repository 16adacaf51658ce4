/** Faults of the next requests, one each, in order. */
export interface FaultQueue<Fault> {
  /** Adds faults to the queue. Throws for an unknown fault, and for anything but a list. */
  add(faults: unknown): void
  /** Sets the fault of every request for which the queue has none. Throws for an unknown one. */
  always(fault: unknown): void
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
  const refuseUnknown = (faults: unknown[]) => {
    const unknown = faults.find((fault) => !known.includes(fault as Fault))
    if (unknown !== undefined) throw refuse(`unknown fault ${JSON.stringify(unknown)}`)
  }
  return {
    add(faults) {
      if (!Array.isArray(faults)) throw refuse(`expected {"next": ["${known[1]}", …]}`)
      refuseUnknown(faults)
      queue.push(...faults)
    },
    always(fault) {
      refuseUnknown([fault])
      usual = fault as Fault
    },
    next: () => queue.shift() ?? usual,
  }
}
