import { html } from 'hono/html'
import { money } from '../../stripe/minor-units.ts'
import { type Content, found, moment, table } from './html.ts'

export interface Payment {
  id: string
  credits: number
  /** Minor units of `currency`. */
  amount: number
  currency: string
  created_at: string
  reversals: { id: string; kind: string; state: string; amount: number }[]
}

export interface Subscription {
  id: string
  plan_key: string | null
  stripe_price_id: string | null
  status: string
  current_period_end: string | null
  cancel_at_period_end: boolean
  collection_paused: boolean
  double_since: string | null
  cancel_due_at: string | null
}

export const paymentsTable = (payments: Payment[]): Content =>
  table(
    'Payments of these entries',
    ['Payment', 'When (UTC)', 'Credits', 'Amount', 'Refunds and disputes'],
    payments.map(paymentRow),
  )

export const subscriptionsTable = (subscriptions: Subscription[]): Content =>
  table(
    'Subscriptions',
    ['Subscription', 'Plan', 'Status', 'Period ends (UTC)', 'Notes'],
    subscriptions.map(subscriptionRow),
  )

const paymentRow = ({ id, created_at, credits, amount, currency, reversals }: Payment): Content[] => [
  found(id),
  moment(created_at),
  credits,
  money(amount, currency),
  reversals.map((one) => html`<p>${one.kind} ${one.state} ${money(one.amount, currency)} (${one.id})</p>`),
]

const subscriptionRow = (one: Subscription): Content[] => [
  one.id,
  one.plan_key ?? one.stripe_price_id,
  one.status,
  moment(one.current_period_end),
  [
    one.cancel_at_period_end && 'ends with its period ',
    one.collection_paused && 'its collection is paused ',
    one.double_since && 'the user pays for another plan of its group ',
    one.cancel_due_at && 'will be cancelled, as its user is deleted',
  ],
]
