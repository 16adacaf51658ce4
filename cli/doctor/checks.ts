import type { Check } from './check.ts'
import { clerkChecks } from './clerk-checks.ts'
import { databaseChecks } from './database-checks.ts'
import { settingsChecks } from './settings-checks.ts'
import { accountChecks } from './stripe-account.ts'
import { endpointChecks } from './stripe-endpoint.ts'
import { priceChecks } from './stripe-prices.ts'
import { workerChecks } from './worker-checks.ts'

/** All checks that `npm run doctor` makes, in its order. Add new checks here. */
export const checks: Check[] = [
  ...settingsChecks,
  ...accountChecks,
  ...endpointChecks,
  ...priceChecks,
  ...clerkChecks,
  ...workerChecks,
  ...databaseChecks,
]
