import { styleText } from 'node:util'
import { counted } from '../shared/counted.ts'
import type { Imported } from './earlier.ts'
import { moneyOf, moneySums } from './sums.ts'

/** Returns in words what happened, or would happen, to a file of payments from before `CREDIT_SINCE`. */
export function earlierLines(payments: Imported[], fixes: boolean): string[] {
  const fresh = payments.filter(({ is_new }) => is_new)
  const sum = (of: Imported[], by: (one: Imported) => number) => of.reduce((all, one) => all + by(one), 0)
  const bought = [
    counted(
      sum(payments, ({ credits }) => credits),
      'credit',
    ),
    ...moneySums(payments),
  ]
  const what = fixes ? 'imported now' : 'would be imported'
  const gone = sum(fresh, ({ gone_before }) => gone_before)
  return [
    styleText('bold', `payments from before CREDIT_SINCE: ${payments.length}, ${bought.join(', ')}`),
    ...fresh.map(row),
    `${fresh.length} ${what}, of which ${counted(gone, 'credit')} were gone before; ${payments.length - fresh.length} known already`,
  ]
}

function row(one: Imported): string {
  const { stripe_payment_id, user_id, credits, gone_before, since } = one
  const notes = [
    gone_before > 0 ? `${gone_before} gone before` : '',
    since > 0
      ? `${counted(since, 'refund or dispute', 'refunds or disputes')} since, which --fix applies`
      : '',
  ]
  return [`  ${stripe_payment_id}`, user_id, counted(credits, 'credit'), moneyOf(one), ...notes]
    .filter(Boolean)
    .join('  ')
}
