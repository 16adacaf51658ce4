import type Stripe from 'stripe'
import { Misconfigured } from '../settings/misconfigured.ts'
import type { Settings } from '../settings.ts'
import { isDeleted, type Sale, withCustomer } from './customer.ts'
import { ask, isMissing } from './trouble.ts'

type SessionParams = Stripe.Checkout.SessionCreateParams

/** What is sold: a pack of credits, or a plan by its Stripe price. */
export type Order = { pack: Settings['CREDIT_PACKS'][string] } | { price: string }

/** Where people come back to. From the settings alone: a request that could say it would be an open redirect. */
export function appUrl({ APP_URL }: Settings): string {
  if (!APP_URL) throw Misconfigured.of('APP_URL', 'is missing: Checkout sends people back there')
  return APP_URL
}

/**
 * Opens a Checkout Session. It has no key of its own: two clicks make two sessions, either of which can be paid.
 * @throws StripeTrouble, BuyerRefused, DatabaseUnavailable; Misconfigured where a plan's price is not at Stripe
 */
export async function openCheckout(
  sale: Sale,
  order: Order,
  app: string,
): Promise<{ id: string; url: string }> {
  return await withCustomer(sale, async (customer) => {
    const params = sessionFor(order, sale.userId, customer, app)
    try {
      const { id, url } = await ask(sale.stripe.checkout.sessions.create(params))
      return { id, url: url ?? '' }
    } catch (error) {
      if (isMissing(error, 'line_items[0][price]'))
        throw Misconfigured.of('PLANS', 'names a price that Stripe does not have')
      throw error
    }
  })
}

/**
 * Refunds and disputes name the payment, and invoices the subscription, never the session: so the metadata is on both
 * (Stripe copies none of it).
 */
function sessionFor(order: Order, userId: string, customer: string, app: string): SessionParams {
  const common = {
    customer,
    client_reference_id: userId,
    success_url: `${app}/billing/success?session_id={CHECKOUT_SESSION_ID}`,
    cancel_url: `${app}/billing/cancelled`,
  }
  if ('price' in order) {
    const metadata = { user_id: userId }
    const line_items = [{ price: order.price, quantity: 1 }]
    return { ...common, mode: 'subscription', line_items, metadata, subscription_data: { metadata } }
  }
  const { credits, amount, currency, name } = order.pack
  const metadata = { user_id: userId, credits: String(credits) }
  const price_data = { currency, unit_amount: amount, product_data: { name } }
  const line_items = [{ price_data, quantity: 1 }]
  return { ...common, mode: 'payment', line_items, metadata, payment_intent_data: { metadata } }
}

/** The url of Stripe's customer portal. Null where Stripe has deleted the customer. @throws StripeTrouble */
export async function openPortal(stripe: Stripe, customer: string, app: string): Promise<string | null> {
  try {
    const params = { customer, return_url: `${app}/billing` }
    return (await ask(stripe.billingPortal.sessions.create(params))).url
  } catch (error) {
    if (isMissing(error, 'customer') && (await isDeleted(stripe, customer))) return null
    throw error
  }
}
