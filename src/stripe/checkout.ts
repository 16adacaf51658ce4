import type Stripe from 'stripe'
import { Misconfigured } from '../settings/misconfigured.ts'
import type { CreditPack, Plan } from '../settings/sold.ts'
import type { Settings } from '../settings.ts'
import { CurrencyConflict, isForCurrency } from './currency.ts'
import { isDeleted, type Sale, type Shop, servedAccount, withCustomer } from './customer.ts'
import { expireOthers, type PlanPage } from './open-sessions.ts'
import { ask, isMissing } from './trouble.ts'

type SessionParams = Stripe.Checkout.SessionCreateParams

/** What is sold: a pack of credits, or a plan by its Stripe price. */
export type Order = { pack: CreditPack } | { price: string; plan: Plan }

/**
 * Returns where people come back to. It comes from the settings only: if a request could name it, it would be an open
 * redirect.
 */
export function appUrl({ APP_URL }: Settings): string {
  if (!APP_URL) throw Misconfigured.of('APP_URL', 'is missing: Checkout sends people back there')
  return APP_URL
}

/**
 * Opens a Checkout Session. It has no idempotency key: two clicks make two sessions. Both can be paid if they sell
 * packs; of sessions for plans of one group, only the newest.
 * @throws StripeTrouble, BuyerRefused, DatabaseUnavailable; Misconfigured if a price is not at Stripe; PaidMeanwhile
 */
export async function openCheckout(
  sale: Sale,
  order: Order,
  app: string,
): Promise<{ id: string; url: string }> {
  return await withCustomer(sale, async (customer) => {
    const create = () =>
      ask(sale.stripe.checkout.sessions.create(sessionFor(order, sale.names, customer, app)))
    try {
      const { id, url } =
        'pack' in order
          ? await create()
          : await alone(create, { ...pageOf(order, sale, customer), price: order.price })
      return { id, url: url ?? '' }
    } catch (error) {
      if (isMissing(error, 'line_items[0][price]'))
        throw Misconfigured.of(
          'pack' in order ? 'CREDIT_PACKS' : 'PLANS',
          'names a price that Stripe does not have',
        )
      throw error
    }
  })
}

const pageOf = ({ plan }: { plan: Plan }, { stripe, userId }: Sale, customer: string): PlanPage => ({
  stripe,
  userId,
  customer,
  group: plan.group ?? '',
})

/**
 * Opens a page for a plan, and leaves no other page of its group open. An open page binds its customer to its currency
 * (Stripe): if that is why Stripe refuses, the others are expired first. @throws CurrencyConflict
 */
async function alone<Session extends { id: string }>(
  create: () => Promise<Session>,
  page: PlanPage & { price: string },
): Promise<Session> {
  const session = await create().catch(async (error: unknown) => {
    if (!(await isForCurrency(error, page))) throw error
    await expireOthers(page, null)
    return await create().catch(async (again: unknown) => {
      throw (await isForCurrency(again, page)) ? new CurrencyConflict() : again
    })
  })
  await expireOthers(page, session.id)
  return session
}

/**
 * Returns the parameters of a session. Charges name the payment, and invoices the subscription, never the session. So
 * the user's id is on both (Stripe copies no metadata). The credits are only on the session, which sells them. The
 * options of a setting come first, so that they replace nothing of ours.
 */
function sessionFor(order: Order, names: Sale['names'], customer: string, app: string): SessionParams {
  const ours = {
    customer,
    client_reference_id: names.user_id,
    success_url: `${app}/billing/success?session_id={CHECKOUT_SESSION_ID}`,
    cancel_url: `${app}/billing/cancelled`,
  }
  if ('price' in order) {
    const { group, checkout } = order.plan
    const { trial_period_days, ...options } = checkout ?? {}
    // Without the group, because the subscription may be changed to a plan of another group later.
    const subscription_data = { ...(trial_period_days && { trial_period_days }), metadata: names }
    const line_items = [{ price: order.price, ...quantityOf(options) }]
    const metadata = { ...names, ...(group && { group }) }
    return {
      ...asked(options),
      ...ours,
      mode: 'subscription',
      line_items,
      metadata,
      subscription_data,
    }
  }
  const { pack } = order
  const options: Options = pack.checkout ?? {}
  const metadata = { ...names, ...creditsOf(pack) }
  const line_items = [{ ...pricedAt(pack), ...quantityOf(options) }]
  return {
    ...asked(options),
    ...ours,
    mode: 'payment',
    line_items,
    metadata,
    payment_intent_data: { metadata: names },
  }
}

type Options = NonNullable<Plan['checkout']>

/**
 * Returns the options of a setting as Stripe's parameters. Stripe updates an existing customer with what Checkout
 * collects only if `customer_update` allows it.
 */
function asked({ automatic_tax, tax_id_collection, allow_promotion_codes }: Options): Partial<SessionParams> {
  return {
    ...(automatic_tax && { automatic_tax: { enabled: true } }),
    ...(tax_id_collection && { tax_id_collection: { enabled: true } }),
    ...((automatic_tax || tax_id_collection) && {
      customer_update: { address: 'auto', ...(tax_id_collection && { name: 'auto' }) },
    }),
    ...(allow_promotion_codes && { allow_promotion_codes }),
  }
}

function quantityOf({ quantity = 1, adjustable_quantity: range }: Options) {
  return { quantity, ...(range && { adjustable_quantity: { enabled: true, ...range } }) }
}

/**
 * Returns the credits for the session's metadata. If the buyer can change the quantity, there are none: the lines of
 * the paid session say what was bought.
 */
function creditsOf({ credits, checkout }: CreditPack): { credits?: string } {
  return checkout?.adjustable_quantity ? {} : { credits: String(credits * (checkout?.quantity ?? 1)) }
}

function pricedAt(pack: CreditPack) {
  if (pack.price !== undefined) return { price: pack.price }
  const { currency, amount: unit_amount, name } = pack
  return { price_data: { currency, unit_amount, product_data: { name } } }
}

/**
 * Returns the URL of Stripe's customer portal. Null if Stripe has deleted the customer, or does not know one that a key
 * of another mode or account created.
 * @throws StripeTrouble, DatabaseUnavailable; Misconfigured if the database does not serve the key
 */
export async function openPortal(shop: Shop, customer: string, app: string): Promise<string | null> {
  const { stripe } = shop
  try {
    const params = { customer, return_url: `${app}/billing` }
    return (await ask(stripe.billingPortal.sessions.create(params))).url
  } catch (error) {
    if (!isMissing(error, 'customer')) throw error
    if (!(await isDeleted(stripe, customer))) await servedAccount(shop)
    return null
  }
}

/** Whether this customer has the user's verified address, in any case of letters. @throws StripeTrouble */
export async function hasAddress(
  stripe: Stripe,
  customer: string,
  verified: string | null,
): Promise<boolean> {
  if (verified === null) return false
  try {
    const found = await ask(stripe.customers.retrieve(customer))
    return found.deleted !== true && found.email?.toLowerCase() === verified.toLowerCase()
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}
