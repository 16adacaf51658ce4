import * as z from 'zod'
import { randomId } from '../ids.ts'
import type { Account } from './account.ts'
import { liveCustomer } from './customers.ts'
import { expand } from './params.ts'
import type { StripeObject } from './state.ts'

export const portalParams = z.strictObject({
  customer: z.string().min(1),
  return_url: z.url({ protocol: /^https?$/ }).optional(),
  expand,
})

export function createPortalSession(
  account: Account,
  { customer, return_url = undefined }: z.output<typeof portalParams>,
): StripeObject {
  liveCustomer(account, customer)
  const id = randomId('bps')
  return {
    id,
    object: 'billing_portal.session',
    configuration: 'bpc_ledgerhook',
    created: account.now(),
    customer,
    customer_account: null,
    flow: null,
    livemode: false,
    locale: null,
    on_behalf_of: null,
    return_url: return_url ?? null,
    url: `${account.url()}/portal/${customer}${return_url ? `?return_url=${encodeURIComponent(return_url)}` : ''}`,
  }
}
