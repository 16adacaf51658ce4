import * as z from 'zod'
import type { Account } from './account.ts'
import { endNow } from './billing.ts'
import { found, missing } from './errors.ts'
import { create } from './objects.ts'
import { expand, metadata } from './params.ts'
import type { Customer } from './state.ts'

export const customerParams = z.strictObject({
  email: z.string().min(1).max(512).optional(),
  name: z.string().min(1).max(256).optional(),
  description: z.string().min(1).optional(),
  metadata: metadata.optional(),
  expand,
})

export function createCustomer(account: Account, params: z.output<typeof customerParams>): Customer {
  const { email = null, name = null, description = null, metadata = {} } = params
  const customer = create<Customer>('customer', {
    email,
    name,
    description,
    metadata,
    /** The currency of the customer's first subscription. */
    currency: null,
    created: account.now(),
  })
  account.state.customers.set(customer.id, customer)
  return customer
}

/** Returns a customer. For a deleted one, Stripe returns little more than the id. */
export const retrieveCustomer = ({ state }: Account, id: string): Customer =>
  found(state.customers, 'customer', id)

/** Returns a customer that can be charged. Stripe treats a deleted customer like one that never existed. */
export function liveCustomer({ state }: Account, id: string): Customer {
  const customer = state.customers.get(id)
  if (!customer || customer.deleted) throw missing('customer', id, 'customer')
  return customer
}

/** Deletes a customer, as Stripe's Dashboard does: "also immediately cancels any active subscriptions". */
export function deleteCustomer(account: Account, id: string): void {
  const customer = retrieveCustomer(account, id)
  for (const subscription of account.state.subscriptions.values()) {
    if (subscription.customer === id && subscription.status !== 'canceled') endNow(account, subscription)
  }
  account.emit('customer.deleted', customer)
  account.state.customers.set(id, { id, object: 'customer', deleted: true })
}
