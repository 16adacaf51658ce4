import type { Settings } from '../settings.ts'
import type { Line } from './invoice.ts'
import { isOfSubscription, priceOf } from './plan-lines.ts'

/**
 * Returns the credits of the packs whose prices are on a subscription's invoice beside the plan: one-time prices of the
 * checkout, or items that were added to the invoice. Null if there are none.
 */
export function soldBeside(lines: Line[], packs: Settings['CREDIT_PACKS'], money: Money): number | null {
  const credits = lines
    .filter((line) => line.amount > 0 && !isOfSubscription(line))
    .reduce((sum, line) => sum + (packOf(line, packs)?.credits ?? 0) * Math.floor(line.quantity ?? 1), 0)
  if (credits === 0) return null
  const { amount, noted } = money
  // What a credit note took off was never paid. Lines that credit others have paid their part.
  const paid = amount - lines.reduce((sum, line) => sum + Math.min(0, line.amount), 0)
  return noted > 0 ? Math.floor((credits * paid) / (paid + noted)) : credits
}

/** Minor units: what was paid, and what credit notes took off before. */
interface Money {
  amount: number
  noted: number
}

const packOf = (line: Line, packs: Settings['CREDIT_PACKS']) => {
  const price = priceOf(line)
  return price ? Object.values(packs).find((pack) => pack.price === price) : undefined
}
