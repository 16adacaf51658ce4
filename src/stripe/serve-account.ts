import type { Database } from '../db.ts'
import { log } from '../log.ts'
import { Misconfigured } from '../settings/misconfigured.ts'
import type { Settings } from '../settings.ts'
import { readStripeAccount, serveStripeAccount } from '../users/stripe-account.ts'
import { stripeClient } from './client.ts'
import { isLiveKey, readAccount } from './key.ts'
import { StripeTrouble } from './trouble.ts'

/**
 * Stores which account and mode of Stripe this database serves, as soon as there is a key, so that a wrong key is
 * noticed later; and reports a key of another account or mode. It asks Stripe once an hour, and does nothing if Stripe
 * does not respond.
 * @throws DatabaseUnavailable
 */
export async function rememberAccount(
  settings: Settings,
  db: Database,
  fetcher: typeof fetch,
): Promise<void> {
  const before = await readStripeAccount(db)
  const account = await accountOf(settings, fetcher)
  if (account === null) return
  const livemode = isLiveKey(settings)
  const { served } = await serveStripeAccount(db, { account, livemode })
  if (served) return
  log({
    message: 'attention',
    level: 'error',
    reason: 'wrong_stripe_key',
    key: { account, livemode },
    serves: { account: before.account, livemode: before.livemode },
  })
}

/** Returns the account of the key, or null if Stripe does not return it. */
export async function accountOf(settings: Settings, fetcher: typeof fetch): Promise<string | null> {
  try {
    return await readAccount(stripeClient(settings, fetcher))
  } catch (error) {
    if (error instanceof StripeTrouble || error instanceof Misconfigured) return null
    throw error
  }
}
