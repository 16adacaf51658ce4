import type { Account } from './account.ts'
import { bill, startSubscription } from './billing.ts'
import { choose } from './buyer.ts'
import { chargeFor } from './charges.ts'
import { createCustomer } from './customers.ts'
import { invalid } from './errors.ts'
import { emitBilled } from './invoices.ts'
import { openSession, retrieveSession } from './sessions.ts'
import type { Order, Session, State } from './state.ts'

/** Pays a session by card. Creates the payment or the subscription, and the events that report it. */
export function pay(account: Account, id: string, choices: Record<string, unknown> = {}): Session {
  const { session, order } = ordered(account, id)
  choose(session, order, choices)
  if (session.mode === 'subscription') return subscribe(account, session, order)
  if (session.customer_creation === 'always') session.customer ??= customerOf(account, session)
  complete(session, 'paid')
  payOnce(account, session, order)
  account.emit('checkout.session.completed', session)
  return session
}

/** Pays a session by bank debit. The session is complete; the money arrives days later or never. */
export function payLater(account: Account, id: string, choices: Record<string, unknown> = {}): Session {
  const { session, order } = ordered(account, id)
  if (session.mode === 'subscription') throw invalid('This stand-in pays subscriptions by card only.')
  choose(session, order, choices)
  complete(session, 'unpaid')
  payOnce(account, session, order, 'processing')
  account.emit('checkout.session.completed', session)
  return session
}

/** Whether the bank has not yet decided about a debit. */
export const isUnderWay = ({ paymentIntents }: State, session: Session): boolean =>
  session.payment_status === 'unpaid' &&
  paymentIntents.get(session.payment_intent ?? '')?.status === 'processing'

/** The bank pays or refuses. */
export function bankDecides(account: Account, id: string, decision: 'succeeded' | 'failed'): Session {
  const session = retrieveSession(account, id)
  const intent = account.state.paymentIntents.get(session.payment_intent ?? '')
  if (!intent || !isUnderWay(account.state, session)) throw invalid(`No bank debit is under way for ${id}.`)
  intent.status = decision === 'succeeded' ? 'succeeded' : 'requires_payment_method'
  if (decision === 'succeeded') session.payment_status = 'paid'
  account.emit(`checkout.session.async_payment_${decision}`, session)
  return session
}

function ordered(account: Account, id: string): { session: Session; order: Order } {
  const session = openSession(account, id, 'paid')
  const order = account.state.orders.get(id)
  if (!order) throw invalid(`Session ${id} was not made here.`)
  return { session, order }
}

function complete(session: Session, paymentStatus: 'paid' | 'unpaid'): void {
  const nothingDue = session.amount_total === 0
  Object.assign(session, {
    status: 'complete',
    url: null,
    // When nothing is due, there is no payment intent either (Stripe, since 2023-08-16).
    payment_status: nothingDue && session.mode === 'payment' ? 'no_payment_required' : paymentStatus,
    customer_details: {
      address: null,
      business_name: null,
      individual_name: null,
      phone: null,
      tax_exempt: 'none',
      tax_ids: [],
      email: session.customer_email ?? 'paying@example.com',
      name: 'Paying Person',
    },
  })
}

function payOnce(account: Account, session: Session, { metadata }: Order, status = 'succeeded'): void {
  const { amount_total: amount, currency, customer } = session
  if (amount === 0) return
  const intent = chargeFor(account, { amount, currency, customer, metadata })
  if (status !== 'succeeded') Object.assign(intent, { status, amount_received: 0 })
  session.payment_intent = intent.id
}

/** Creates a customer for a buyer who has none, with the buyer's address. */
const customerOf = (account: Account, { customer_email }: Session): string =>
  createCustomer(account, { email: String(customer_email ?? 'paying@example.com') }).id

function subscribe(account: Account, session: Session, order: Order): Session {
  session.customer ??= customerOf(account, session)
  const subscription = startSubscription(account, session.customer, order)
  const { invoice, payment } = bill(account, subscription, 'subscription_create')
  complete(session, 'paid')
  Object.assign(session, { subscription: subscription.id, invoice: invoice.id })
  account.emit('customer.subscription.created', subscription)
  emitBilled(account, { invoice, payment })
  account.emit('checkout.session.completed', session)
  return session
}
