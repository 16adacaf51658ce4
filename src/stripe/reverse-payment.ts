import * as z from 'zod/mini'
import { once } from '../once.ts'
import type { ReversalState } from '../payments/verbs.ts'
import * as payments from '../payments/verbs.ts'
import { id, member } from '../values.ts'
import { type Handler, read } from '../webhook/provider.ts'
import { namedUser, reference } from './payload.ts'

const money = () => ({
  id,
  payment_intent: z.nullish(reference()),
  currency: z.string().check(z.regex(/^[a-z]{3}$/)),
})
const amount = () => z.int().check(z.minimum(0), z.maximum(Number.MAX_SAFE_INTEGER))

const refundEvent = once(() =>
  z.object({
    type: z.string(),
    data: z.object({
      object: z.object({
        ...money(),
        amount: amount(),
        charge: z.nullish(reference()),
        status: z.nullish(z.enum(['pending', 'requires_action', 'succeeded', 'canceled', 'failed'])),
      }),
    }),
  }),
)
const chargeEvent = once(() =>
  z.object({ data: z.object({ object: z.object({ ...money(), amount_refunded: amount() }) }) }),
)
const disputeEvent = once(() =>
  z.object({
    type: z.string(),
    data: z.object({
      object: z.object({ ...money(), amount: amount(), charge: z.nullish(reference()), status: z.string() }),
    }),
  }),
)

/** One refund: any of its events may come first. An update that only brings the bank's reference moves nothing. */
export const reverseRefund: Handler = (event) => {
  const { type, data } = read(refundEvent, event)
  const { charge, amount, status, ...refund } = data.object
  const state = type === 'refund.failed' ? 'failed' : (status ?? 'pending')
  return payments.reverse({ kind: 'refund', ...refs(refund, charge), amount, state, ...subjectOf(event) })
}

/** The total of a charge's refunds so far, which never says which of them fail later. */
export const reverseCharge: Handler = (event) => {
  const { amount_refunded: amount, ...charge } = read(chargeEvent, event).data.object
  return payments.reverse({
    kind: 'charge',
    ...refs(charge, charge.id),
    amount,
    state: 'refunded',
    ...subjectOf(event),
  })
}

export const reverseDispute: Handler = (event) => {
  const { type, data } = read(disputeEvent, event)
  const { charge, amount, status, ...dispute } = data.object
  const state = moneyOf(type, status)
  return payments.reverse({ kind: 'dispute', ...refs(dispute, charge), amount, state, ...subjectOf(event) })
}

/**
 * What a dispute's money did. An inquiry (`warning_…`) has taken none, and one that is merely open reports it by an event
 * of its own.
 */
function moneyOf(type: string, status: string): ReversalState | null {
  if (status.startsWith('warning_')) return null
  if (status === 'won') return 'won'
  if (type === 'charge.dispute.funds_reinstated') return 'reinstated'
  if (status === 'lost') return 'lost'
  return type === 'charge.dispute.funds_withdrawn' ? 'withdrawn' : null
}

function refs(
  {
    id,
    payment_intent,
    currency,
  }: { id: string; payment_intent?: string | null | undefined; currency: string },
  charge: string | null | undefined,
) {
  return { id, stripe_payment_intent_id: payment_intent ?? null, stripe_charge_id: charge ?? null, currency }
}

function subjectOf(event: unknown) {
  const customer = member(member(member(event, 'data'), 'object'), 'customer')
  return { user_id: namedUser(event), stripe_customer_id: reference().safeParse(customer).data ?? null }
}
