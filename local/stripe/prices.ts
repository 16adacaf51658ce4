import { recurringPrice } from './objects.ts'
import type { Price } from './state.ts'

/** Returns the prices that PLANS names: 20.00 USD a month each. */
export function plannedPrices({ PLANS }: Record<string, string>): Price[] {
  try {
    return Object.keys(JSON.parse(PLANS || '{}')).map((id) => recurringPrice(id))
  } catch {
    // The Worker reads the same setting, and reports that it is malformed.
    return []
  }
}
