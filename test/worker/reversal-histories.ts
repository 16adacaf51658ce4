import { type ReversalType, reversalEvent } from '../../local/reversal-events.ts'

/** A step in the life of a payment's money after it was paid. */
export const REVERSALS = ['refund', 'fail', 'total', 'withdraw', 'lose', 'win', 'inquire'] as const

interface Payment {
  id: string
  /** Of each refund, minor units. */
  refunds: number[]
}

type Send = (event: (about: { event: string; at: number }) => { id: string }) => void

/** The half of a world in which money comes back and is taken again. */
export function reversing(send: Send) {
  const payments: Payment[] = []
  const tell = (type: ReversalType, payment: Payment, amount: number, more: object = {}) =>
    send((about) => reversalEvent(type, { ...about, payment: payment.id, amount, ...more }))
  const refundId = ({ id }: Payment, number: number) => ({ id: `re_${number}_${id}` })

  const reverse = (pick: number, how: (typeof REVERSALS)[number], amount: number) => {
    const payment = payments[pick % (payments.length || 1)]
    if (!payment) return
    const last = payment.refunds.length - 1
    if (how === 'refund') {
      payment.refunds.push(amount)
      tell('refund.created', payment, amount, refundId(payment, last + 1))
    } else if (how === 'fail' && last >= 0) {
      tell('refund.failed', payment, payment.refunds[last] ?? 0, refundId(payment, last))
    } else if (how === 'total') {
      tell(
        'charge.refunded',
        payment,
        payment.refunds.reduce((sum, one) => sum + one, 0),
      )
    } else if (how === 'withdraw') tell('charge.dispute.funds_withdrawn', payment, amount)
    else if (how === 'lose') tell('charge.dispute.closed', payment, amount)
    else if (how === 'win') tell('charge.dispute.closed', payment, amount, { status: 'won' })
    else if (how === 'inquire') {
      tell('charge.dispute.created', payment, amount, { status: 'warning_needs_response' })
    }
  }

  return { paid: (id: string) => payments.push({ id, refunds: [] }), reverse }
}
