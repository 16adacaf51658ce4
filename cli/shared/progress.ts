import { countedApart } from './counted.ts'

const QUIET_MS = 2_000

/** Prints progress on standard error, first after two seconds and then every two: `customers: 1,200 compared …`. */
export function progress(one = 'compared', many = one): (what: string, count: number) => void {
  let nextAt = Date.now() + QUIET_MS
  return (what, count) => {
    if (Date.now() < nextAt) return
    nextAt = Date.now() + QUIET_MS
    console.error(`${what}: ${countedApart(count, one, many)} …`)
  }
}
