import type Stripe from 'stripe'
import { Misconfigured } from '../settings/misconfigured.ts'
import { ask } from './trouble.ts'

/** Whether the key is of live mode: Stripe's keys say it. */
export const isLiveKey = ({ STRIPE_SECRET_KEY = '' }: { STRIPE_SECRET_KEY?: string | undefined }) =>
  /^[sr]k_live_/.test(STRIPE_SECRET_KEY)

/** The account of the key, as Stripe has it. @throws StripeTrouble, Misconfigured where the key may not read it */
export const readAccount = async (stripe: Stripe): Promise<string> =>
  (await ask(stripe.accounts.retrieveCurrent())).id

/** The key is of another account or mode than the database serves: nothing of it may be changed by that key. */
export const wrongKey = () =>
  Misconfigured.of(
    'STRIPE_SECRET_KEY',
    'is of another Stripe account or mode than this database serves: npm run stripe-account shows which',
  )
