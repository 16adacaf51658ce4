import type { Account } from './account.ts'

export const ACCOUNT_ID = 'acct_1LedgerhookLocal'

/** Returns the account of the key. */
export const ownAccount = (_account: Account) => ({
  id: ACCOUNT_ID,
  object: 'account',
  business_type: null,
  capabilities: { card_payments: 'active' },
  charges_enabled: true,
  controller: { type: 'account' },
  country: 'US',
  created: 1_700_000_000,
  default_currency: 'usd',
  details_submitted: true,
  email: null,
  metadata: {},
  payouts_enabled: true,
  settings: { dashboard: { display_name: 'Local', timezone: 'Etc/UTC' } },
  type: 'standard',
})
