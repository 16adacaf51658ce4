import * as z from 'zod'
import { randomId } from '../ids.ts'
import type { Account } from './account.ts'
import { liveCustomer } from './customers.ts'
import { found, invalid } from './errors.ts'
import { create } from './objects.ts'
import { lineItem, lineItemsOf, readOrder, subtotalOf } from './orders.ts'
import { expand, metadata, whole } from './params.ts'
import { assertMayUpdate, customerUpdate, options, shown } from './session-options.ts'
import type { Order, Session } from './state.ts'

const DAY_S = 24 * 60 * 60
/** The least total that Stripe accepts, in minor units. A total of zero is accepted too. */
const LEAST_TOTAL: Record<string, number> = { usd: 50, eur: 50, gbp: 30, chf: 50, jpy: 50 }

export const sessionParams = z.strictObject({
  mode: z.enum(['payment', 'subscription']),
  customer: z.string().min(1).optional(),
  customer_update: customerUpdate.optional(),
  client_reference_id: z.string().min(1).max(200).optional(),
  line_items: z.array(lineItem).min(1).max(100),
  metadata: metadata.optional(),
  ...options,
  success_url: z.url({ protocol: /^https?$/ }),
  cancel_url: z.url({ protocol: /^https?$/ }).optional(),
  expand,
})

type SessionParams = z.output<typeof sessionParams>

export function createSession(account: Account, params: SessionParams): Session {
  const { mode, customer = null, client_reference_id = null, cancel_url = null, success_url } = params
  if (customer !== null) liveCustomer(account, customer)
  assertMayUpdate(params, customer, params.customer_update)
  const order = readOrder(account, params)
  if (mode === 'subscription' && customer !== null) assertOneCurrency(account, customer, order)
  return addSession(account, order, {
    mode,
    customer,
    client_reference_id,
    cancel_url,
    success_url,
    metadata: params.metadata ?? {},
    customer_creation: customer || mode === 'subscription' ? null : 'if_required',
    ...shown(params),
  })
}

/** Refuses a second currency: a customer pays for subscriptions in one (Stripe's own words, 2026). @throws ApiError */
function assertOneCurrency({ state }: Account, customer: string, { lines }: Order): void {
  const [line] = lines
  const open = [...state.sessions.values()].filter(
    (one) => one.mode === 'subscription' && one.status === 'open',
  )
  const running = [...state.subscriptions.values()].filter(({ status }) => status !== 'canceled')
  const other = [...open, ...running].find(
    (one) => one.customer === customer && one.currency !== line?.price.currency,
  )
  if (other)
    throw invalid(
      `You cannot combine currencies on a single customer. This customer has an active subscription, subscription schedule, discount, quote, invoice item or active subscription mode checkout session with currency ${other.currency}.`,
    )
}

/** Opens a session for this order. */
export function addSession(account: Account, order: Order, members: Record<string, unknown>): Session {
  const total = subtotalOf(order)
  const currency = order.lines[0]?.price.currency ?? 'usd'
  assertWorthIt(total, currency)
  const id = randomId('cs_test')
  const session = create<Session>('checkout.session', {
    id,
    amount_total: total,
    amount_subtotal: total,
    currency,
    created: account.now(),
    expires_at: account.now() + DAY_S,
    url: `${account.url()}/pay/${id}`,
    ...members,
  })
  account.state.sessions.set(id, session)
  account.state.orders.set(id, order)
  return session
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

export const pageParams = z.strictObject({ limit: whole(1).optional(), expand })

/** Returns what a session sells, because its lines are not on the object. */
export function listLineItems({ state }: Account, id: string): object {
  return lineItemsOf(id, found(state.orders, 'checkout.session', id, 'session'))
}

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
