import Stripe from 'stripe'
import { isLiveKey } from '../../src/stripe/key.ts'
import { isOther, type Served } from '../../src/users/stripe-account.ts'
import { modeOf } from '../shared/mode.ts'
import { type Check, fail, pass, warn } from './check.ts'
import type { Context } from './context.ts'
import { rows } from './database.ts'

type Known = Served & { livemode: boolean }

const OWN_DATABASE = 'use a database of its own for each mode'

/** Compares the mode and account of the key with those that the database serves. */
export const mode: Check = {
  group: 'database',
  name: 'database-mode',
  needs: ['DATABASE_URL', 'STRIPE_SECRET_KEY'],
  costs: 'Checkout and the portal return 500 misconfigured for customers that this key does not have',
  async run(context) {
    const isLive = isLiveKey(context.settings)
    const [row] = await rows<{ served: Served }>(
      context,
      `select ledgerhook.read_stripe_account('{}') as served`,
    )
    const served = row?.served
    if (!served || served.livemode === null) return await byCheckouts(context, isLive)
    return judge({ ...served, livemode: served.livemode }, isLive, await accountOf(context))
  },
}

function judge(served: Known, isLive: boolean, account: string | null) {
  const serves = `it serves ${modeOf(served.livemode)} mode of ${served.account ?? 'an account that is not known yet'}`
  const take = `npm run stripe-account -- ${account ?? 'acct_…'} --${modeOf(isLive)}`
  if (isLive && !served.livemode)
    return warn(
      `${serves}, and the key is of live mode: with its first use the database serves live mode`,
      `that is how you go live: docs/production.md. Where it is not meant, ${OWN_DATABASE}`,
      'wallets keep what was bought in test mode',
    )
  if (isOther(served, account, isLive))
    return fail(
      `${serves}, and the key is of ${account ?? 'an account that it may not read'} in ${modeOf(isLive)} mode`,
      `set a key of what it serves, or use another database. If you really move: ${take}`,
    )
  return pass(account === null ? `${serves}, and the key is of that mode` : `${serves}, as the key does`)
}

/** Returns the account of the key. Null if it cannot be read now: the check `stripe-key` says why. */
async function accountOf({ stripe }: Context): Promise<string | null> {
  try {
    return (await stripe().accounts.retrieveCurrent()).id
  } catch (error) {
    if (error instanceof Stripe.errors.StripeError) return null
    throw error
  }
}

/** Compares the key's mode with the checkouts that were bought, if no key has been used with this database yet. */
async function byCheckouts(context: Context, isLive: boolean) {
  const sessions = await rows<{ id: string }>(
    context,
    `select about[1] as id from ledgerhook.webhook_events
     where provider = 'stripe' and type = 'checkout.session.completed' and reason is distinct from 'mode_mismatch'
     order by received_at desc limit 100`,
  )
  const others = sessions.filter(({ id }) => id?.startsWith(isLive ? 'cs_test_' : 'cs_live_'))
  const [here, there] = [modeOf(isLive), modeOf(!isLive)]
  if (others.length === 0)
    return pass(`no key has been used with it yet, and nothing in it is of ${there} mode`)
  return fail(
    `${others.length} of the last ${sessions.length} checkouts are of ${there} mode, and the key of ${here} mode`,
    OWN_DATABASE,
    'the first key decides what the database serves',
  )
}
