import {
  billingEvent,
  invoiceEvent,
  invoiceEventOf2020,
  subscriptionEvent,
} from '../../local/billing-events.ts'
import { checkoutEvent, clerkEvent, randomId } from '../../local/events.ts'
import { reversalEvent } from '../../local/reversal-events.ts'

const T = Date.parse('2026-05-01T12:00:00Z')
/** Prices that lines contain, in the form from before 2025-03-31. */
const OLD_PRICES = 40
/** So many of them are on every second invoice. The others are seldom, and new at first. */
const USUAL_PRICES = 4
const plan = (key: string) => ({ key, credits: 100 })
export const PLANS = JSON.stringify({
  price_pro: plan('pro'),
  ...Object.fromEntries(Array.from({ length: OLD_PRICES }, (_, i) => [`price_old_${i}`, plan(`old_${i}`)])),
})

/** Pseudo-random numbers, the same in every run. */
export function dice(seed: number) {
  let state = seed
  return (sides: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * sides)
  }
}

export type Delivery = ['clerk' | 'stripe', object]

/** Returns an event that names no user, nor anything else that others could name. */
export function withoutUser(moment: { at?: number } = {}) {
  const session = { client_reference_id: null, metadata: {} }
  return checkoutEvent('checkout.session.expired', { user: '', session, ...moment })
}

/** Few names for many events, so that all combinations occur. */
export function world(prefix: string, roll: (sides: number) => number) {
  const one = (kind: string, of: number) => `${kind}_${prefix}_${roll(of)}`
  const user = () => one('user', 60)
  const maybeUser = () => (roll(2) ? user() : null)
  const customer = () => one('cus', 40)
  const payment = () => one('pi', 150)
  const moment = () => ({ at: T + roll(40) * 1000 })
  const stamped = (object: object): Delivery => ['stripe', object]

  const signUp = (type: 'user.created' | 'user.updated'): Delivery => {
    const email = `${one('address', 15)}@example.com`
    return ['clerk', clerkEvent(type, { user: user(), email, verified: roll(5) > 0, ...moment() })]
  }
  const topUp = (): Delivery => {
    const who = user()
    const named = { user: who, payment: payment(), session: { customer: roll(3) ? customer() : null } }
    return stamped(checkoutEvent('checkout.session.completed', { ...named, ...moment() }))
  }
  const link = (): Delivery => {
    const session = { mode: 'subscription', customer: customer(), payment_intent: null }
    return stamped(checkoutEvent('checkout.session.completed', { user: user(), session, ...moment() }))
  }
  const subscription = (): Delivery => {
    const type = roll(3) ? 'customer.subscription.updated' : 'customer.subscription.created'
    const status = ['active', 'past_due', 'trialing'][roll(3)]
    const names = { subscription: one('sub', 50), customer: customer(), user: maybeUser() }
    return stamped(subscriptionEvent(type, { ...names, ...moment(), set: { status } }))
  }
  const invoice = (): Delivery => {
    const names = { subscription: one('sub', 50), customer: customer(), user: maybeUser() }
    if (roll(2)) return oldInvoice(names)
    const period = { price: 'price_pro', periodStart: T / 1000 + roll(6) * 86_400 }
    const set = roll(2) ? { payment_intent: payment() } : {}
    const made = { invoice: one('in', 150), ...names, ...period, set, ...moment() }
    return stamped(invoiceEvent('invoice.paid', made))
  }
  const oldInvoice = (names: { subscription: string; customer: string }): Delivery => {
    const price = `price_old_${roll(roll(2) ? USUAL_PRICES : OLD_PRICES)}`
    const made = { invoice: one('in', 150), ...names, price, payment: roll(2) ? payment() : null }
    return stamped(invoiceEventOf2020({ ...made, event: randomId('evt') }))
  }
  const paidBy = (): Delivery =>
    stamped(
      billingEvent('invoice_payment.paid', {
        invoice: one('in', 150),
        payment: { payment_intent: payment() },
      }),
    )
  const reversal = (): Delivery => {
    const type = (['refund.created', 'charge.refunded', 'charge.dispute.funds_withdrawn'] as const)[roll(3)]
    const made = { payment: payment(), amount: 100 * (1 + roll(5)), ...moment() }
    return stamped(reversalEvent(type ?? 'refund.created', made))
  }

  return (): Delivery => {
    const kind = roll(100)
    if (kind < 14) return signUp('user.created')
    if (kind < 26) return signUp('user.updated')
    if (kind < 42) return topUp()
    if (kind < 52) return link()
    if (kind < 66) return subscription()
    if (kind < 78) return invoice()
    if (kind < 84) return paidBy()
    if (kind < 95) return reversal()
    if (kind < 97) return ['clerk', clerkEvent('user.deleted', { user: user() })]
    if (kind < 98) return stamped(withoutUser(moment()))
    return stamped(billingEvent('customer.deleted', { id: customer() }))
  }
}
