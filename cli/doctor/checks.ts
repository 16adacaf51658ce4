import type { Check } from './check.ts'
import { clerkChecks } from './clerk-checks.ts'
import { databaseChecks } from './database-checks.ts'
import { settingsChecks } from './settings-checks.ts'
import { accountChecks } from './stripe-account.ts'
import { endpointChecks } from './stripe-endpoint.ts'
import { priceChecks } from './stripe-prices.ts'
import { workerChecks } from './worker-checks.ts'

/** Add checks here: every one that `npm run doctor` makes, in its order. */
export const checks: Check[] = [
  ...settingsChecks,
  ...accountChecks,
  ...endpointChecks,
  ...priceChecks,
  ...clerkChecks,
  ...workerChecks,
  ...databaseChecks,
]
