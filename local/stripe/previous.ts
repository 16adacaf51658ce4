import { isDeepStrictEqual } from 'node:util'
import type { StripeObject } from './state.ts'

/** Changes an object, and gives what its event carries as `previous_attributes`: the members that changed, as they were. */
export function changing(object: StripeObject, change: () => void): Record<string, unknown> {
  const before = structuredClone(object)
  change()
  return Object.fromEntries(
    Object.entries(before).filter(([name, value]) => !isDeepStrictEqual(value, object[name])),
  )
}
