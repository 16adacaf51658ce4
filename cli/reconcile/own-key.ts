import type { Pass } from '../../src/reconcile/pass.ts'
import { isLiveKey } from '../../src/stripe/key.ts'
import { accountOf } from '../../src/stripe/serve-account.ts'
import { isOther, readStripeAccount } from '../../src/users/stripe-account.ts'
import { LocalError } from '../shared/errors.ts'
import { modeOf } from '../shared/mode.ts'

/**
 * Ends the command if the key belongs to another Stripe account or mode than the database serves. Otherwise everything
 * here would seem missing at Stripe, and the other account's objects would be stored here.
 * @throws LocalError, DatabaseUnavailable
 */
export async function refuseOtherKey({ db, settings }: Pass, host: string): Promise<void> {
  const served = await readStripeAccount(db)
  const livemode = isLiveKey(settings)
  const account = served.account === null ? null : await accountOf(settings, fetch)
  if (!isOther(served, account, livemode)) return
  throw new LocalError(
    `${host} serves ${modeOf(served.livemode === true)} mode of ${served.account ?? 'a Stripe account'}, and STRIPE_SECRET_KEY is ` +
      `of ${modeOf(livemode)} mode${account ? ` of ${account}` : ''}. Set the key of what it serves; ` +
      'npm run stripe-account says what that is, and changes it',
  )
}
