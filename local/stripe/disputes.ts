import * as z from 'zod'
import type { Account } from './account.ts'
import { amount, currency, readBody } from './body.ts'
import { broughtBy, moved } from './charges.ts'
import { found, invalid } from './errors.ts'
import { create } from './objects.ts'
import type { Dispute } from './state.ts'

const opened = z.strictObject({
  amount: amount.optional(),
  currency: currency.optional(),
  withdrawn: amount.optional(),
})
const broughtBack = z.strictObject({ amount: amount.optional() })

/**
 * Opens a dispute of a charge, for the full amount unless the body has an `amount`, optionally in another `currency`.
 * Stripe withdraws the money in the settlement currency of the charge: `withdrawn`, else what the charge brought.
 */
export function openDispute(account: Account, chargeId: string, body: unknown): Dispute {
  const charge = found(account.state.charges, 'charge', chargeId)
  const brought = broughtBy(account, charge)
  const {
    amount = charge.amount,
    currency = charge.currency,
    withdrawn = brought.amount,
  } = readBody(opened, body)
  if (currency === charge.currency && amount > charge.amount)
    throw invalid(`Dispute amount (${amount}) is greater than that of the charge (${charge.amount})`, {
      param: 'amount',
    })
  const dispute = create<Dispute>('dispute', {
    amount,
    currency,
    charge: chargeId,
    payment_intent: charge.payment_intent,
    created: account.now(),
    status: 'needs_response',
  })
  charge.disputed = true
  account.state.disputes.set(dispute.id, dispute)
  account.emit('charge.dispute.created', dispute)
  dispute.balance_transactions.push(moved(account, -withdrawn, brought.currency, 'adjustment'))
  account.emit('charge.dispute.funds_withdrawn', dispute)
  return dispute
}

/** Closes a dispute as the bank decided. If it is won, all of its money comes back. */
export function closeDispute(account: Account, id: string, status: 'won' | 'lost', body: unknown): Dispute {
  const { amount } = readBody(broughtBack, body)
  const dispute = found(account.state.disputes, 'dispute', id)
  if (dispute.status === status) throw invalid(`Dispute ${id} is ${status} already.`)
  if (status === 'lost' && amount !== undefined) throw invalid('A lost dispute brings no amount back.')
  if (status === 'won') withdrawn(dispute)
  dispute.status = status
  account.emit('charge.dispute.closed', dispute)
  return status === 'won' ? reinstate(account, id, body) : dispute
}

/** Brings money back, in the settlement currency: `amount`, else all that is withdrawn. The status does not change. */
export function reinstate(account: Account, id: string, body: unknown): Dispute {
  const { amount } = readBody(broughtBack, body)
  const dispute = found(account.state.disputes, 'dispute', id)
  const { left, currency } = withdrawn(dispute)
  dispute.balance_transactions.push(moved(account, amount ?? left, currency, 'adjustment'))
  account.emit('charge.dispute.funds_reinstated', dispute)
  return dispute
}

/** Returns the money that a dispute has taken, in the settlement currency. Throws if there is none. */
function withdrawn({ id, balance_transactions }: Dispute): { left: number; currency: string } {
  const left = -balance_transactions.reduce((sum, move) => sum + move.amount, 0)
  const [first] = balance_transactions
  if (!first || left <= 0) throw invalid(`No money of dispute ${id} is withdrawn.`)
  return { left, currency: first.currency }
}
