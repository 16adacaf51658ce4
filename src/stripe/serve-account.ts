import type { Database } from '../db.ts'
import { log } from '../log.ts'
import { Misconfigured } from '../settings/misconfigured.ts'
import type { Settings } from '../settings.ts'
import { readStripeAccount, serveStripeAccount } from '../users/stripe-account.ts'
import { stripeClient } from './client.ts'
import { isLiveKey, readAccount } from './key.ts'
import { StripeTrouble } from './trouble.ts'

/**
 * Remembers which account and mode of Stripe this database serves, as soon as a key is there, so that a wrong one is
 * noticed later; and reports a key of another. Asks Stripe once an hour, and nothing where it does not answer.
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

/** The account of the key. Null where Stripe does not say it. */
export async function accountOf(settings: Settings, fetcher: typeof fetch): Promise<string | null> {
  try {
    return await readAccount(stripeClient(settings, fetcher))
  } catch (error) {
    if (error instanceof StripeTrouble || error instanceof Misconfigured) return null
    throw error
  }
}
