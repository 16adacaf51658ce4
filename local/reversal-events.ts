import disputeCreated from './fixtures/stripe/charge.dispute.created.made-2026.json' with { type: 'json' }
import chargeRefunded from './fixtures/stripe/charge.refunded.made-2026.json' with { type: 'json' }
import refundCreated from './fixtures/stripe/refund.created.made-2026.json' with { type: 'json' }
import { type StampOptions, stamped } from './stamped.ts'

interface Event {
  created: number
  data: { object: Record<string, unknown> }
}

const changed = (fixture: Event, type: string, status: string) => {
  const event = structuredClone(fixture)
  Object.assign(event.data.object, { status })
  return { ...event, type }
}
const refund = (type: string, status: string) => changed(refundCreated, type, status)
const dispute = (type: string, status: string) => changed(disputeCreated, type, status)

/** One event of each type. Events about the same object differ little, so they are made from the fixture files. */
export const reversalFixtures = {
  'refund.created': refundCreated,
  'refund.updated': refund('refund.updated', 'succeeded'),
  'refund.failed': refund('refund.failed', 'failed'),
  'charge.refunded': chargeRefunded,
  'charge.dispute.created': disputeCreated,
  'charge.dispute.updated': dispute('charge.dispute.updated', 'under_review'),
  'charge.dispute.closed': dispute('charge.dispute.closed', 'lost'),
  'charge.dispute.funds_withdrawn': dispute('charge.dispute.funds_withdrawn', 'needs_response'),
  'charge.dispute.funds_reinstated': dispute('charge.dispute.funds_reinstated', 'won'),
}

export type ReversalType = keyof typeof reversalFixtures

export interface ReversalOptions extends Omit<StampOptions, 'livemode'> {
  payment: string | null
  /** The id of the refund or the dispute. By default it is derived from the payment's. */
  id?: string
  charge?: string | null
  /** Minor units. For `charge.refunded`, the total so far. */
  amount?: number
  status?: string
  /** Members of the object to set or replace. */
  set?: Record<string, unknown>
}

/** Returns the fixture of that type, about this payment. */
export function reversalEvent(type: ReversalType, options: ReversalOptions) {
  const { payment, charge = chargeOf(payment), amount, status } = options
  const made = structuredClone<Event>(reversalFixtures[type])
  const { object } = made.data
  const isCharge = object.object === 'charge'
  const id = isCharge ? charge : (options.id ?? reversalId(object, payment))
  Object.assign(object, { id, payment_intent: payment, ...(!isCharge && { charge }) })
  if (amount !== undefined) object[isCharge ? 'amount_refunded' : 'amount'] = amount
  if (status !== undefined) object.status = status
  Object.assign(object, options.set)
  return stamped(made, type, options)
}

const chargeOf = (payment: string | null) => (payment === null ? null : `ch_${payment}`)

/** Returns the id of the one refund or dispute of a payment, the same in every event. */
export function reversalId(object: Record<string, unknown>, payment: string | null): string {
  return `${String(object.id).split('_')[0]}_${payment}`
}
