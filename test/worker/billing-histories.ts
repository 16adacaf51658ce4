import {
  billingEvent,
  invoiceEvent,
  invoiceLine,
  itemsOf,
  type SubscriptionType,
  subscriptionEvent,
} from '../../local/billing-events.ts'
import { checkoutEvent } from '../../local/events.ts'
import { ofLink } from './link-histories.ts'

export const PLANS = JSON.stringify({
  price_pro: { key: 'pro', credits: 100 },
  price_team: { key: 'team', credits: 500 },
  price_free: { key: 'free' },
})
const PRICES = ['price_pro', 'price_team', 'price_free', 'price_unknown']
const MONTH_S = 2_592_000

/** What happens to a subscription after it began. */
export const CHANGES = ['plan', 'decline', 'pause', 'resume', 'cancel', 'renew', 'end'] as const

interface Subscription {
  id: string
  user: string
  customer: string
  /** Whether its metadata names the user. */
  named: boolean
  price: string
  status: string
  cancelling: boolean
  periodStart: number
  /** The last charge. A change credits half of it: each change halves the time that is left. */
  charged: { invoice: string; line: string; price: string; amount: number }
}

/** Every price of these plans costs 20.00 a month. */
const COSTS = 2000

type Line = ReturnType<typeof invoiceLine>

/** A proration in Stripe's form: it does not contain the price of one unit. */
function proration(
  { price, amount, periodStart, line }: { price: string; amount: number; periodStart: number; line: string },
  credited_items: object | null,
): Line {
  const made = invoiceLine({ price, amount, periodStart, line: { id: line } })
  Object.assign(made.pricing ?? {}, { unit_amount_decimal: null })
  Object.assign(made.parent?.subscription_item_details ?? {}, {
    proration: true,
    proration_details: { credited_items },
  })
  return made
}

/** Stripe's API responses for these prices. */
export const scriptedPrices = Object.fromEntries(
  PRICES.map((id) => {
    const recurring = { interval: 'month', interval_count: 1, usage_type: 'licensed' }
    return [`GET /v1/prices/${id}`, { body: { id, currency: 'usd', unit_amount: COSTS, recurring } }]
  }),
)

type Send = (event: (about: { event: string; at: number }) => { id: string }) => void

/** The billing half of a world: Stripe's events about subscriptions, for steps that Stripe would allow. */
export function billing(
  namespace: string,
  startS: number,
  send: Send,
  paidBy: (payment: string) => void = () => {},
) {
  const all: Subscription[] = []
  const customers = new Map<string, number>()
  let [invoices, lines] = [0, 0]
  const customerOf = (user: string) => `cus_${customers.get(user) ?? 0}_${user}`
  const live = () => all.filter(({ status }) => status !== 'canceled')

  const tell = (type: SubscriptionType, subscription: Subscription, previous = {}) =>
    send(({ event, at }) => {
      const { id, user, customer, named, price, status, cancelling, periodStart } = subscription
      const ended = status === 'canceled' ? Math.floor(at / 1000) : null
      return subscriptionEvent(type, {
        subscription: id,
        customer,
        user: named ? user : null,
        event,
        at,
        set: {
          created: startS,
          status,
          items: itemsOf({ price, periodEnd: periodStart + MONTH_S }),
          cancel_at_period_end: cancelling,
          canceled_at: ended,
          ended_at: ended,
        },
        previous,
      })
    })

  const bill = (subscription: Subscription, reason: string, amount: number, lines: Line[], paid: boolean) => {
    const { id, user, customer, named, price, periodStart } = subscription
    const invoice = `in_${invoices++}_${namespace}`
    const names = { invoice, subscription: id, customer, user: named ? user : null }
    if (!paid) return invoice
    const set = { lines: { data: lines, has_more: false } }
    send((about) =>
      invoiceEvent('invoice.paid', { ...about, ...names, reason, price, periodStart, amount, set }),
    )
    if (amount <= 0) return invoice
    paidBy(`pi_${invoice}`)
    const payment = { type: 'payment_intent', payment_intent: `pi_${invoice}` }
    send((about) => billingEvent('invoice_payment.paid', { id: `inpay_${invoice}`, invoice, payment }, about))
    return invoice
  }

  const charge = (subscription: Subscription, reason: string) => {
    const { price, periodStart } = subscription
    const line = `il_${lines++}_${namespace}`
    const whole = invoiceLine({ price, periodStart, line: { id: line } })
    const invoice = bill(subscription, reason, COSTS, [whole], true)
    subscription.charged = { invoice, line, price, amount: COSTS }
  }

  /** A change of plan, billed at once (Stripe: `always_invoice`). If it is declined, its invoice stays open. */
  const swap = (subscription: Subscription, paid: boolean) => {
    const { charged, price, periodStart } = subscription
    const amount = Math.floor(charged.amount / 2)
    const credited = { invoice: charged.invoice, invoice_line_items: [charged.line] }
    const line = `il_${lines++}_${namespace}`
    const both = [
      proration({ price: charged.price, amount: -amount, periodStart, line: `${line}_back` }, credited),
      proration({ price, amount, periodStart, line }, null),
    ]
    const invoice = bill(subscription, 'subscription_update', 0, both, paid)
    subscription.charged = { invoice, line, price, amount }
  }

  const subscribe = (user: string, price: number, named: boolean, byLink = false) => {
    const link = byLink ? ofLink(user, all.length) : null
    const customer = link?.customer ?? customerOf(user)
    const subscription: Subscription = {
      id: `sub_${all.length}_${namespace}`,
      user,
      customer,
      named,
      price: PRICES[price % PRICES.length] ?? '',
      status: 'incomplete',
      cancelling: false,
      periodStart: startS,
      charged: { invoice: '', line: '', price: '', amount: 0 },
    }
    all.push(subscription)
    tell('customer.subscription.created', subscription)
    subscription.status = 'active'
    tell('customer.subscription.updated', subscription, { status: 'incomplete' })
    charge(subscription, 'subscription_create')
    const whose = link ?? { customer, metadata: { user_id: user } }
    const session = { mode: 'subscription', payment_intent: null, ...whose }
    send((about) => checkoutEvent('checkout.session.completed', { ...about, user, session }))
  }

  const end = (subscription: Subscription) => {
    subscription.status = 'canceled'
    tell('customer.subscription.deleted', subscription)
  }

  const change = (pick: number, how: (typeof CHANGES)[number], price: number) => {
    const subscription = live()[pick % (live().length || 1)]
    if (!subscription) return
    if (how === 'end') return end(subscription)
    if (how === 'plan' || how === 'decline') {
      subscription.price = PRICES[price % PRICES.length] ?? ''
      tell('customer.subscription.updated', subscription)
      return swap(subscription, how === 'plan')
    }
    if (how === 'cancel') subscription.cancelling = true
    if (how === 'pause') subscription.status = 'paused'
    if (how === 'resume') subscription.status = 'active'
    if (how === 'renew') subscription.periodStart += MONTH_S
    tell('customer.subscription.updated', subscription)
    if (how === 'pause') tell('customer.subscription.paused', subscription)
    if (how === 'resume') tell('customer.subscription.resumed', subscription)
    if (how === 'renew') charge(subscription, 'subscription_cycle')
  }

  /** Its subscriptions end with it (Stripe: delete a customer); the user's next payment makes another. */
  const drop = (user: string) => {
    const customer = customerOf(user)
    for (const subscription of live()) if (subscription.customer === customer) end(subscription)
    send((about) => billingEvent('customer.deleted', { id: customer }, about))
    customers.set(user, (customers.get(user) ?? 0) + 1)
  }

  return { customerOf, subscribe, change, drop }
}
