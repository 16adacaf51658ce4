import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectDir } from '../../cli/shared/project.ts'
import { recurringPrice } from './objects.ts'
import type { Price } from './state.ts'

/** Returns the prices that PLANS names, in the settings or else in wrangler.toml: monthly, 20.00 USD each. */
export function plannedPrices({ PLANS }: Record<string, string>): Price[] {
  try {
    return Object.keys(JSON.parse(PLANS || shippedPlans())).map((id) => recurringPrice(id))
  } catch {
    // The Worker reads the same setting, and reports that it is malformed.
    return []
  }
}

function shippedPlans(): string {
  const [, plans = '{}'] =
    /^PLANS = '''(.*)'''$/m.exec(readFileSync(join(projectDir, 'wrangler.toml'), 'utf8')) ?? []
  return plans
}
