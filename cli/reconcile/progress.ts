const QUIET_MS = 2_000

/** Says on standard error how far a pass is, once it has taken two seconds, and then every two. */
export function progress(): (walk: string, looked: number) => void {
  let nextAt = Date.now() + QUIET_MS
  return (walk, looked) => {
    if (Date.now() < nextAt) return
    nextAt = Date.now() + QUIET_MS
    console.error(`${walk}: ${looked} compared …`)
  }
}
