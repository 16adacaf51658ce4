import * as z from 'zod'
import { randomId } from '../ids.ts'
import type { Account } from './account.ts'
import { liveCustomer } from './customers.ts'
import { found, invalid, missing } from './errors.ts'
import { create } from './objects.ts'
import { expand, metadata, whole } from './params.ts'
import type { Order, Price, Session } from './state.ts'

const DAY_S = 24 * 60 * 60
/** The least total that Stripe accepts, in minor units. A total of zero is accepted too. */
const LEAST_TOTAL: Record<string, number> = { usd: 50, eur: 50, gbp: 30, chf: 50, jpy: 50 }

const priceData = z.strictObject({
  currency: z.string().regex(/^[a-z]{3}$/),
  unit_amount: whole(),
  product_data: z.strictObject({ name: z.string().min(1), description: z.string().min(1).optional() }),
})
const lineItem = z.strictObject({
  price: z.string().min(1).optional(),
  price_data: priceData.optional(),
  quantity: whole(1),
})

export const sessionParams = z.strictObject({
  mode: z.enum(['payment', 'subscription']),
  customer: z.string().min(1).optional(),
  client_reference_id: z.string().min(1).max(200).optional(),
  line_items: z.array(lineItem).length(1),
  metadata: metadata.optional(),
  payment_intent_data: z.strictObject({ metadata: metadata.optional() }).optional(),
  subscription_data: z.strictObject({ metadata: metadata.optional() }).optional(),
  success_url: z.url({ protocol: /^https?$/ }),
  cancel_url: z.url({ protocol: /^https?$/ }).optional(),
  expand,
})

type SessionParams = z.output<typeof sessionParams>

export function createSession(account: Account, params: SessionParams): Session {
  const { mode, customer = null, client_reference_id = null, cancel_url = null, success_url } = params
  if (customer !== null) liveCustomer(account, customer)
  const order = readOrder(account, params)
  const total = order.price.unit_amount * order.quantity
  assertWorthIt(total, order.price.currency)
  const id = randomId('cs_test')
  const session = create<Session>('checkout.session', {
    id,
    ...{ mode, customer, client_reference_id, cancel_url, success_url, metadata: params.metadata ?? {} },
    ...{ amount_total: total, amount_subtotal: total, currency: order.price.currency },
    customer_creation: customer || mode === 'subscription' ? null : 'if_required',
    created: account.now(),
    expires_at: account.now() + DAY_S,
    url: `${account.url()}/pay/${id}`,
  })
  account.state.sessions.set(id, session)
  account.state.orders.set(id, order)
  return session
}

/** Returns what is bought. @throws ApiError for a price that does not exist, or does not fit the session's mode */
function readOrder({ state }: Account, params: SessionParams): Order {
  for (const [mode, member] of [
    ['payment', 'payment_intent_data'],
    ['subscription', 'subscription_data'],
  ] as const) {
    if (params[member] && params.mode !== mode)
      throw invalid(`You can not pass \`${member}\` in \`${params.mode}\` mode.`, { param: member })
  }
  const { metadata = {} } = params.payment_intent_data ?? params.subscription_data ?? {}
  const [item] = params.line_items
  if (!item || !item.price === !item.price_data)
    throw invalid('You must provide one of `price` or `price_data` for each line item.', {
      param: 'line_items[0]',
    })
  if (item.price_data) {
    const { currency, unit_amount, product_data } = item.price_data
    const price = create<Price>('price', {
      currency,
      unit_amount,
      unit_amount_decimal: String(unit_amount),
      recurring: null,
      type: 'one_time',
    })
    return {
      name: product_data.name,
      quantity: item.quantity,
      metadata,
      price: assertOfMode(price, params.mode),
    }
  }
  const price = state.prices.get(item.price ?? '')
  if (!price) throw missing('price', item.price ?? '', 'line_items[0][price]')
  return { name: price.id, quantity: item.quantity, metadata, price: assertOfMode(price, params.mode) }
}

function assertOfMode(price: Price, mode: Session['mode']): Price {
  if (mode === 'payment' && price.recurring)
    throw invalid(
      'You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use only one-time prices.',
    )
  if (mode === 'subscription' && !price.recurring)
    throw invalid('You must provide at least one recurring price in `subscription` mode when using prices.')
  return price
}

function assertWorthIt(total: number, currency: string): void {
  const least = LEAST_TOTAL[currency] ?? 0
  if (total > 0 && total < least)
    throw invalid(`The Checkout Session's total amount must convert to at least ${least} (${currency}).`, {
      code: 'amount_too_small',
    })
}

export const retrieveSession = ({ state }: Account, id: string): Session =>
  found(state.sessions, 'checkout.session', id, 'session')

export function expireSession(account: Account, id: string): Session {
  const session = openSession(account, id, 'expired')
  Object.assign(session, { status: 'expired', url: null })
  account.emit('checkout.session.expired', session)
  return session
}

/** Returns a session that is open. @throws ApiError for one that is complete or expired */
export function openSession(account: Account, id: string, verb: string): Session {
  const session = retrieveSession(account, id)
  if (session.status === 'open') return session
  throw invalid(
    `Only Checkout Sessions with a status in ["open"] can be ${verb}. This Checkout Session has a status of ${session.status}`,
  )
}
