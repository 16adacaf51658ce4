import type { Account } from './account.ts'
import { broughtBy, moved } from './charges.ts'
import { found, invalid } from './errors.ts'
import { create } from './objects.ts'
import type { Dispute } from './state.ts'

type Body = Record<string, unknown>

/**
 * Opens a dispute of a charge, for the full amount unless the body has an `amount`, optionally in another `currency`.
 * Stripe withdraws the money in the settlement currency of the charge: `withdrawn`, else what the charge brought.
 */
export function openDispute(account: Account, chargeId: string, body: Body): Dispute {
  const charge = found(account.state.charges, 'charge', chargeId)
  const brought = broughtBy(account, charge)
  const { amount = charge.amount, currency = charge.currency, withdrawn = brought.amount } = body
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
  dispute.balance_transactions.push(moved(account, -Number(withdrawn), brought.currency, 'adjustment'))
  account.emit('charge.dispute.funds_withdrawn', dispute)
  return dispute
}

/** Closes a dispute as the bank decided. If it is won, all of its money comes back. */
export function closeDispute(account: Account, id: string, status: 'won' | 'lost', body: Body): Dispute {
  const dispute = found(account.state.disputes, 'dispute', id)
  if (dispute.status === status) throw invalid(`Dispute ${id} is ${status} already.`)
  dispute.status = status
  account.emit('charge.dispute.closed', dispute)
  return status === 'won' ? reinstate(account, id, body) : dispute
}

/** Brings money back, in the settlement currency: `amount`, else all that is withdrawn. The status does not change. */
export function reinstate(account: Account, id: string, { amount }: Body): Dispute {
  const dispute = found(account.state.disputes, 'dispute', id)
  const [first] = dispute.balance_transactions
  const left = -dispute.balance_transactions.reduce((sum, move) => sum + move.amount, 0)
  if (!first || left <= 0) throw invalid(`No money of dispute ${id} is withdrawn.`)
  dispute.balance_transactions.push(moved(account, Number(amount ?? left), first.currency, 'adjustment'))
  account.emit('charge.dispute.funds_reinstated', dispute)
  return dispute
}
