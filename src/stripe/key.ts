import type Stripe from 'stripe'
import { Misconfigured } from '../settings/misconfigured.ts'
import { ask } from './trouble.ts'

/** Whether the key is of live mode, as its prefix says. */
export const isLiveKey = ({ STRIPE_SECRET_KEY = '' }: { STRIPE_SECRET_KEY?: string | undefined }) =>
  /^[sr]k_live_/.test(STRIPE_SECRET_KEY)

/** Returns the account of the key. @throws StripeTrouble; Misconfigured if the key may not read it */
export const readAccount = async (stripe: Stripe): Promise<string> =>
  (await ask(stripe.accounts.retrieveCurrent())).id

/**
 * Returns the error for a key of another account or mode than the database serves: with that key, nothing may be
 * changed.
 */
export const wrongKey = () =>
  Misconfigured.of(
    'STRIPE_SECRET_KEY',
    'is of another Stripe account or mode than this database serves: npm run stripe-account shows which',
  )
