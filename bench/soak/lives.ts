import { invoiceEvent, subscriptionEvent } from '../../local/billing-events.ts'
import { checkoutEvent, clerkEvent } from '../../local/events.ts'
import { reversalEvent } from '../../local/reversal-events.ts'
import type { Event } from '../arena/deliveries.ts'

export const KINDS = [
  ...(['sign-up', 'user update', 'top-up', 'same sale again', 'refund'] as const),
  ...(['subscription', 'invoice', 'deletion', 'spend'] as const),
] as const
export type Kind = (typeof KINDS)[number]

/** What is sent until it has a final response: an event of a provider, or a spend of the app's backend. */
export interface Sending {
  kind: Kind
  life: Life
  /** The event's id, or the idempotency key. */
  id: string
  /** Makes the event, the same each time, because a soak has too many to keep them all. */
  event?: () => Event
  /** Credits. */
  spends?: number
}

/** One user, and everything that happens to the user, in order. */
export interface Life {
  user: string
  /** Whether it ends with a deletion, which may overtake earlier events. */
  leaves: boolean
  sendings: Sending[]
  /** Ledger entries that its events lead to, as `entryOf` writes them. */
  entries: string[]
  /** The events that report a sale, by what was sold. */
  sales: Map<string, string[]>
  /** The entry of each accepted spend and the balance in its response, by idempotency key. */
  accepted: Map<string, { entry: string; balance: number }>
}

/** Credits, as in the settings and the fixtures. */
const BONUS = 40
const TOP_UP = 500
const PLAN = 1_000
/** The cost of a top-up in minor units. A refund takes its share of it. */
const PRICE = 500

const START = Date.now() - 3_600_000
/** The time between two events of a life. Stripe dates them in whole seconds, and two in one second would be a tie. */
const STEP_MS = 10_000
const MONTH_S = 30 * 86_400

/** Names a ledger entry by its kind, its credits, and the fact that caused it. */
export const entryOf = (kind: string, amount: number, fact: string) => `${kind} ${amount} ${fact}`

/** Returns the n-th life. The number decides everything in it: among any 70 lives there is each kind. */
export function lifeOf(n: number): Life {
  const user = `user_soak${n}`
  const customer = `cus_${user}`
  // Both events of one sale have the same facts.
  const session = { customer, currency: 'usd', amount_total: PRICE }
  const life: Life = {
    user,
    leaves: n % 10 === 9,
    sendings: [],
    entries: [],
    sales: new Map(),
    accepted: new Map(),
  }
  const add = (sending: Omit<Sending, 'life'>) => life.sendings.push({ ...sending, life })
  const at = () => START + life.sendings.length * STEP_MS
  const clerk = (kind: Kind, type: 'user.created' | 'user.updated' | 'user.deleted') => {
    const id = `msg_${life.sendings.length}_${user}`
    const about = { user, at: at() }
    add({ kind, id, event: () => ({ provider: 'clerk', messageId: id, body: clerkEvent(type, about) }) })
  }
  const stripe = (kind: Kind, make: (about: { event: string; at: number }) => Event['body']) => {
    const id = `evt_${life.sendings.length}_${user}`
    const about = { event: id, at: at() }
    add({ kind, id, event: () => ({ provider: 'stripe', body: make(about) }) })
    return id
  }
  const sold = (fact: string, event: string) => life.sales.set(fact, [...(life.sales.get(fact) ?? []), event])

  const signUp = () => {
    clerk('sign-up', 'user.created')
    life.entries.push(entryOf('signup_bonus', BONUS, user))
  }
  const report = (kind: Kind, type: Parameters<typeof checkoutEvent>[0], payment: string) => {
    const options = { user, payment, credits: TOP_UP, session }
    sold(
      payment,
      stripe(kind, (about) => checkoutEvent(type, { ...options, ...about })),
    )
  }
  const topUp = (payment: string) => {
    report('top-up', 'checkout.session.completed', payment)
    life.entries.push(entryOf('purchase', TOP_UP, payment))
  }
  const reportAgain = (payment: string) =>
    report('same sale again', 'checkout.session.async_payment_succeeded', payment)
  const refund = (payment: string, amount: number) => {
    stripe('refund', (about) =>
      reversalEvent('refund.created', { ...about, payment, amount, status: 'succeeded' }),
    )
    life.entries.push(entryOf('refund', -(TOP_UP * amount) / PRICE, payment))
  }
  const subscribe = () => {
    const of = { subscription: `sub_${user}`, customer, user }
    stripe('subscription', (about) => subscriptionEvent('customer.subscription.created', { ...of, ...about }))
    for (const [month, reason] of ['subscription_create', 'subscription_cycle'].entries()) {
      const invoice = `in_${month}_${user}`
      const period = { reason, periodStart: Math.floor(START / 1000) + month * MONTH_S }
      const paid = stripe('invoice', (about) =>
        invoiceEvent('invoice.paid', { ...of, invoice, price: 'price_pro_monthly', ...period, ...about }),
      )
      sold(invoice, paid)
      life.entries.push(entryOf('plan_grant', PLAN, invoice))
    }
    stripe('subscription', (about) =>
      subscriptionEvent('customer.subscription.updated', {
        ...of,
        ...about,
        set: { cancel_at_period_end: true },
        previous: { cancel_at_period_end: false },
      }),
    )
  }
  const spend = (spends: number) => add({ kind: 'spend', id: `job_${life.sendings.length}_${user}`, spends })

  const [first, ...further] = Array.from({ length: 1 + (n % 3) }, (_, i) => `pi_${i}_${user}`) as [string]
  // A payment that arrives before its user is parked, and released by the sign-up.
  for (const begin of n % 7 === 3 ? [() => topUp(first), signUp] : [signUp, () => topUp(first)]) begin()
  spend(30)
  if (n % 2 === 0) clerk('user update', 'user.updated')
  for (const payment of further) topUp(payment)
  if (n % 5 === 0) reportAgain(first)
  if (n % 3 === 0) subscribe()
  if (n % 4 === 1) refund(first, n % 8 === 1 ? PRICE : 100)
  // Some spends exceed the balance.
  spend(n % 4 === 0 ? 5_000 : 70)
  if (life.leaves) clerk('deletion', 'user.deleted')
  return life
}
