import { isDeepStrictEqual } from 'node:util'
import type { StripeObject } from './state.ts'

/**
 * Changes an object, and returns the `previous_attributes` for its event: the members that changed, as they were
 * before.
 */
export function changing(object: StripeObject, change: () => void): Record<string, unknown> {
  const before = structuredClone(object)
  change()
  return Object.fromEntries(
    Object.entries(before).filter(([name, value]) => !isDeepStrictEqual(value, object[name])),
  )
}
