import { money } from '../../src/stripe/minor-units.ts'
import { counted } from '../shared/counted.ts'

/** Minor units of a currency. Both are null if the difference is not about money. */
export interface Money {
  amount: number | null
  currency: string | null
}

export const creditsOf = ({ credits }: { credits: number | null }) =>
  credits ? `${credits > 0 ? '+' : ''}${counted(credits, 'credit')}` : ''

/** Returns the money of a difference as people write it. Empty if it is not about money. */
export function moneyOf({ amount, currency }: Money): string {
  if (amount === null || currency === null) return ''
  return money(amount, currency)
}

/** Returns the sums in credits and in each currency. Empty if there are neither. */
export function inSums({ credits, money }: { credits: number; money: Money[] }): string {
  const sums = [creditsOf({ credits }), ...money.map(moneyOf)].filter(Boolean)
  return sums.length === 0 ? '' : `, ${sums.join(', ')}`
}

/** Returns the sum of each currency. */
export function moneySums(rows: Money[]): string[] {
  const byCurrency = new Map<string, number>()
  for (const { amount, currency } of rows)
    if (amount !== null && currency !== null)
      byCurrency.set(currency, (byCurrency.get(currency) ?? 0) + amount)
  return [...byCurrency].map(([currency, amount]) => moneyOf({ amount, currency }))
}
