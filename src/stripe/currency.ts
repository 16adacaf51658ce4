import type Stripe from 'stripe'
import { ask, StripeTrouble } from './trouble.ts'

/** A plan was asked for in another currency than the one in which the customer subscribes. */
export class CurrencyConflict extends Error {
  override name = 'CurrencyConflict'
}

/**
 * Whether Stripe refused a plan because its customer subscribes in another currency. Stripe has no code for that. If
 * its message does not say so, this compares the currencies that the price can be paid in with the customer's currency
 * and those of open pages.
 */
export async function isForCurrency(
  error: unknown,
  { stripe, customer, price }: { stripe: Stripe; customer: string; price: string },
): Promise<boolean> {
  if (!(error instanceof StripeTrouble)) return false
  if (error.mixesCurrencies) return true
  if (error.kind !== 'refused' || error.code !== null) return false
  try {
    const [buyer, sold, open] = await Promise.all([
      ask(stripe.customers.retrieve(customer)),
      ask(stripe.prices.retrieve(price, { expand: ['currency_options'] })),
      ask(stripe.checkout.sessions.list({ customer, status: 'open', limit: 100 })),
    ])
    const pages = open.data.filter(({ mode }) => mode === 'subscription').map(({ currency }) => currency)
    const offered = [sold.currency, ...Object.keys(sold.currency_options ?? {})]
    return [buyer.deleted ? null : buyer.currency, ...pages].some((one) => one && !offered.includes(one))
  } catch {
    return false
  }
}
