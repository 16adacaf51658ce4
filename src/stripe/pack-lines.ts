import type { Settings } from '../settings.ts'
import { type InvoiceMoney, type Line, paidPart } from './invoice.ts'
import { isOfSubscription, priceOf } from './plan-lines.ts'

/**
 * Returns the credits of the packs whose prices are on a subscription's invoice beside the plan: one-time prices of the
 * checkout, or items that were added to the invoice. Null if there are none.
 */
export function soldBeside(
  lines: Line[],
  packs: Settings['CREDIT_PACKS'],
  money: InvoiceMoney,
): number | null {
  const credits = lines
    .filter((line) => line.amount > 0 && !isOfSubscription(line))
    .reduce((sum, line) => sum + (packOf(line, packs)?.credits ?? 0) * Math.floor(line.quantity ?? 1), 0)
  return credits === 0 ? null : paidPart(credits, money)
}

const packOf = (line: Line, packs: Settings['CREDIT_PACKS']) => {
  const price = priceOf(line)
  return price ? Object.values(packs).find((pack) => pack.price === price) : undefined
}
