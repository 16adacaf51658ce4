import * as z from 'zod'
import { randomId } from '../ids.ts'
import type { Account } from './account.ts'
import { liveCustomer } from './customers.ts'
import { found, invalid } from './errors.ts'
import { create } from './objects.ts'
import { lineItem, readOrder } from './orders.ts'
import { expand, metadata } from './params.ts'
import { options, shown } from './session-options.ts'
import { addSession } from './sessions.ts'
import type { Order, PaymentLink, Session } from './state.ts'

/** A link sells only prices of the account. */
export const linkParams = z.strictObject({
  line_items: z
    .array(lineItem.omit({ price_data: true }).required({ price: true }))
    .min(1)
    .max(20),
  metadata: metadata.optional(),
  ...options,
  expand,
})

const modeOf = ({ lines }: Order) =>
  lines.some(({ price }) => price.recurring) ? ('subscription' as const) : ('payment' as const)

/** Creates a link. Stripe derives the mode of a link from its prices. */
export function createLink(account: Account, params: z.output<typeof linkParams>): PaymentLink {
  const isRecurring = params.line_items.some(({ price }) => account.state.prices.get(price)?.recurring)
  const order = readOrder(account, { ...params, mode: isRecurring ? 'subscription' : 'payment' })
  const id = randomId('plink')
  const link = create<PaymentLink>('payment_link', {
    id,
    url: `${account.url()}/buy/${id}`,
    metadata: params.metadata ?? {},
    currency: order.lines[0]?.price.currency,
    ...shown({ ...params, mode: modeOf(order) }),
  })
  account.state.links.set(id, link)
  account.state.orders.set(id, order)
  return link
}

export const retrieveLink = ({ state }: Account, id: string): PaymentLink =>
  found(state.links, 'payment_link', id, 'payment_link')

const visit = z.object({
  /** Stripe ignores a reference in another form, and still shows the page (Stripe: URL parameters). */
  client_reference_id: z
    .string()
    .regex(/^[\w-]{1,200}$/)
    .nullish()
    .catch(null),
  customer: z.string().optional(),
})

/** Opens the link as a buyer. Its metadata is copied to the session; the reference comes from the browser. */
export function openLink(account: Account, id: string, body: Record<string, unknown>): Session {
  const link = retrieveLink(account, id)
  const order = structuredClone(found(account.state.orders, 'payment_link', id))
  const { allow_promotion_codes, automatic_tax, shipping_options } = link
  return addSession(account, order, {
    mode: modeOf(order),
    payment_link: id,
    metadata: { ...link.metadata },
    allow_promotion_codes,
    automatic_tax,
    shipping_options,
    client_reference_id: visit.parse(body).client_reference_id,
    // By default a payment has `if_required`. This link always asks for a customer, like the Dashboard's own links.
    customer_creation: modeOf(order) === 'payment' ? 'always' : null,
    success_url: `${account.url()}/app/billing?session_id={CHECKOUT_SESSION_ID}`,
  })
}

/**
 * Opens a session for a price of a pricing table. Its page may have signed in a customer (Stripe: customer sessions).
 */
export function openTable(account: Account, price: string, body: Record<string, unknown>): Session {
  const { customer = null, client_reference_id } = visit.parse(body)
  if (customer !== null) liveCustomer(account, customer)
  const order = readOrder(account, {
    mode: 'subscription',
    line_items: [{ price, quantity: 1 }],
  })
  if (!order.lines[0]?.price.recurring) throw invalid('This stand-in has recurring prices in pricing tables.')
  return addSession(account, order, {
    mode: 'subscription',
    metadata: {},
    client_reference_id,
    customer,
    success_url: `${account.url()}/app/billing?session_id={CHECKOUT_SESSION_ID}`,
  })
}
