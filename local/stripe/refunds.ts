import * as z from 'zod'
import type { Account } from './account.ts'
import { amount, readBody } from './body.ts'
import { moved } from './charges.ts'
import { found, invalid, missing } from './errors.ts'
import { create } from './objects.ts'
import { expand, metadata, whole } from './params.ts'
import type { Charge, Refund } from './state.ts'

export const refundParams = z.strictObject({
  charge: z.string().optional(),
  payment_intent: z.string().optional(),
  amount: whole(1).optional(),
  reason: z.enum(['duplicate', 'fraudulent', 'requested_by_customer']).optional(),
  metadata: metadata.optional(),
  expand,
})

/** Refunds a charge or the rest of it. Stripe reports it by an event of the refund and one of the charge. */
export function createRefund(account: Account, params: z.output<typeof refundParams>): Refund {
  const charge = chargeOf(account, params)
  const { amount = charge.amount - charge.amount_refunded, reason = null, metadata = {} } = params
  if (amount + charge.amount_refunded > charge.amount)
    throw invalid(
      `Refund amount (${amount}) is greater than unrefunded amount on charge (${charge.amount - charge.amount_refunded})`,
      { param: 'amount' },
    )
  const { id, payment_intent, currency } = charge
  const refund = create<Refund>('refund', {
    amount,
    charge: id,
    payment_intent,
    currency,
    reason,
    metadata,
    created: account.now(),
    status: 'succeeded',
  })
  account.state.refunds.set(refund.id, refund)
  total(charge, amount)
  account.emit('refund.created', refund)
  account.emit('charge.refunded', charge)
  return refund
}

const ofCharge = z.strictObject({ amount: amount.optional() })

/** Refunds a charge as the Dashboard does: this amount, or the rest. */
export const refundCharge = (account: Account, charge: string, body: unknown): Refund =>
  createRefund(account, { charge, ...readBody(ofCharge, body) })

/** The bank sends the money back, so it is no longer refunded. */
export function failRefund(account: Account, id: string): Refund {
  const refund = found(account.state.refunds, 'refund', id)
  if (refund.status === 'failed') throw invalid(`Refund ${id} has failed already.`)
  refund.status = 'failed'
  refund.failure_balance_transaction = moved(
    account,
    refund.amount,
    String(refund.currency),
    'refund_failure',
  ).id
  total(found(account.state.charges, 'charge', refund.charge), -refund.amount)
  account.emit('refund.failed', refund)
  return refund
}

function total(charge: Charge, more: number): void {
  charge.amount_refunded += more
  charge.refunded = charge.amount_refunded === charge.amount
}

/** Returns the charge that these parameters name. @throws ApiError like Stripe's if there is none */
function chargeOf(
  { state }: Account,
  { charge, payment_intent }: { charge?: string | undefined; payment_intent?: string | undefined },
): Charge {
  const of = [...state.charges.values()].find((one) =>
    charge === undefined ? one.payment_intent === payment_intent : one.id === charge,
  )
  if (of) return of
  if (charge !== undefined) throw missing('charge', charge, 'charge')
  if (payment_intent !== undefined) throw missing('payment_intent', payment_intent, 'payment_intent')
  throw invalid('One of the following params should be provided for this request: payment_intent or charge.')
}
