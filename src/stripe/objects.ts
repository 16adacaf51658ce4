import type { Effect } from '../db.ts'
import type { Settings } from '../settings.ts'
import * as users from '../users/verbs.ts'
import { idOf, member } from '../values.ts'
import { decide } from '../webhook/decide.ts'
import type { Verdict } from '../webhook/outcome.ts'
import { ifOurs, isOfOtherApp, unconditional } from './app-tag.ts'
import { stripe } from './index.ts'
import { isLiveKey } from './key.ts'

/** A kind of object, as Stripe's lists have it. */
export interface Kind {
  path: string
  /** The type of event that an object of this kind is handled as. */
  type: string
  /** Query parameters of the list, besides its window. */
  query: Record<string, string>
  /**
   * Whether the list can be limited to a window of `created`. The list of objects that change for years is read whole.
   */
  isWindowed: boolean
}

/** The kinds that are compared, in this order: what provides a subject comes before what waits for it. */
export const kinds = {
  customers: { path: '/v1/customers', type: 'customer.updated', query: {}, isWindowed: true },
  sessions: {
    path: '/v1/checkout/sessions',
    type: 'checkout.session.completed',
    query: { status: 'complete' },
    isWindowed: true,
  },
  subscriptions: {
    path: '/v1/subscriptions',
    type: 'customer.subscription.updated',
    query: { status: 'all' },
    isWindowed: false,
  },
  invoices: { path: '/v1/invoices', type: 'invoice.paid', query: { status: 'paid' }, isWindowed: true },
  invoicePayments: {
    path: '/v1/invoice_payments',
    type: 'invoice_payment.paid',
    query: { status: 'paid' },
    isWindowed: true,
  },
  intents: { path: '/v1/payment_intents', type: 'payment_intent.succeeded', query: {}, isWindowed: true },
  refunds: { path: '/v1/refunds', type: 'refund.updated', query: {}, isWindowed: true },
  disputes: { path: '/v1/disputes', type: 'charge.dispute.updated', query: {}, isWindowed: true },
} satisfies Record<string, Kind>

export type KindName = keyof typeof kinds

const KIND_OF_PREFIX: Record<string, KindName> = {
  cus: 'customers',
  cs: 'sessions',
  sub: 'subscriptions',
  in: 'invoices',
  inpay: 'invoicePayments',
  re: 'refunds',
  pyr: 'refunds',
  dp: 'disputes',
  du: 'disputes',
}

/** Returns the kind of an object by its id, or null if its kind is not compared. */
export const kindOf = (object: string): KindName | null =>
  KIND_OF_PREFIX[/^([a-z]+)_/.exec(object)?.[1] ?? ''] ?? null

/** Returns the API path of one object of this kind. */
export const pathOf = (kind: KindName, object: string) => `${kinds[kind].path}/${encodeURIComponent(object)}`

/** What an object does here, with the event that would report it. */
export interface Decided {
  object: string
  /** Names the state of the object. */
  state: string
  event: { type: string; [member: string]: unknown }
  decision: Effect | Verdict
  /**
   * Whether it is ours even if its owner is not known: it names a user, or sells a plan of ours. A customer alone is
   * not, because people leave and Stripe keeps their customers.
   */
  isOurs: boolean
}

/**
 * Decides on an object that was read from Stripe as on the snapshot in its webhook: by the same table and handler. Null
 * if it is not final: until a session is complete and an invoice paid, there is nothing to settle.
 * @param at Stripe's clock when it was read
 */
export function decideObject(kind: KindName, object: unknown, at: Date, settings: Settings): Decided | null {
  const status = member(object, 'status')
  if (kind === 'sessions' && status !== 'complete') return null
  if ((kind === 'invoices' || kind === 'invoicePayments') && status !== 'paid') return null
  if (kind === 'intents' && status !== 'succeeded') return null
  return kind === 'customers'
    ? decideCustomer(object, at, settings)
    : decideAs(kinds[kind].type, object, at, settings)
}

/** Decides on an event that was read from Stripe. */
export function decideEvent(event: object, settings: Settings): Decided {
  const type = String(member(event, 'type'))
  const decision = decide(stripe, { type, event }, settings)
  const object = member(member(event, 'data'), 'object')
  return {
    object: String(member(event, 'id')),
    state: '',
    event: { ...event, type },
    decision,
    isOurs: isOurs(object, decision, settings),
  }
}

/** Decides on an object as if an event of this type had just reported it. */
function decideAs(type: string, object: unknown, at: Date, settings: Settings): Decided {
  // A key reads only objects of its own mode.
  const livemode = isLiveKey(settings)
  const event = { type, created: Math.floor(at.getTime() / 1000), livemode, data: { object } }
  const decision = decide(stripe, { type, event }, settings)
  const [object_id, state] = [
    member(object, 'id'),
    member(object, 'payment_status') ?? member(object, 'status'),
  ]
  return {
    object: String(object_id),
    state: String(state ?? 'read'),
    event,
    decision,
    isOurs: isOurs(object, decision, settings),
  }
}

/**
 * Decides on a customer: it belongs to the user whom our metadata names, unless it is another app's. A deleted one is
 * unlinked.
 */
function decideCustomer(object: unknown, at: Date, settings: Settings): Decided {
  if (member(object, 'deleted') === true) return decideAs('customer.deleted', object, at, settings)
  const decided = decideAs('customer.updated', object, at, settings)
  const user = idOf(member(member(object, 'metadata'), 'user_id'))
  if (!user) return { ...decided, decision: { outcome: 'ignored', reason: 'not_ours' } }
  if (isOfOtherApp(decided.event, settings))
    return { ...decided, decision: { outcome: 'ignored', reason: 'other_app' } }
  const link = users.linkCustomer({ user_id: user, stripe_customer_id: decided.object, reference: null })
  return { ...decided, decision: ifOurs(decided.event, link, settings), isOurs: false }
}

/** Whether it names a user, or is about a plan of PLANS or a pack. */
function isOurs(object: unknown, decision: Effect | Verdict, { PLANS }: Settings): boolean {
  if (member(member(object, 'metadata'), 'user_id') !== undefined) return true
  const facts = 'verb' in decision ? unconditional(decision).facts : {}
  if (member(facts, 'sold')) return true
  const lines = member(facts, 'lines')
  if (Array.isArray(lines)) return lines.some((line) => member(line, 'credits') !== null)
  const { stripe_price_id: price, plan_key: key } = (member(facts, 'state') ?? {}) as Record<string, unknown>
  return Object.hasOwn(PLANS, String(price)) || Object.values(PLANS).some((plan) => plan.key === key)
}
