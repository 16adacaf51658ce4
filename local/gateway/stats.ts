export type Stats = {
  /** `POST /sql` requests, also those that failed. */
  requests: number
  /** Statements that were sent to the database, with BEGIN, COMMIT and ROLLBACK. */
  statements: number
}

export type Counter = {
  add(what: keyof Stats): void
  read(): Stats
  reset(): void
}

export function createCounter(): Counter {
  const stats: Stats = { requests: 0, statements: 0 }
  return {
    add: (what) => {
      stats[what] += 1
    },
    read: () => ({ ...stats }),
    reset: () => {
      Object.assign(stats, { requests: 0, statements: 0 })
    },
  }
}
