import { expect, it } from 'vitest'
import { money } from '../../src/stripe/minor-units.ts'

it.each([
  ['usd', '1000.00 USD'],
  ['jpy', '100000 JPY'],
  ['kwd', '100.000 KWD'],
  // Intl shows these without decimals, but Stripe counts in their hundredths.
  ['huf', '1000.00 HUF'],
  ['idr', '1000.00 IDR'],
  ['isk', '1000.00 ISK'],
  ['ugx', '1000.00 UGX'],
  // Intl shows this one with decimals, but Stripe has none.
  ['mga', '100000 MGA'],
])('prints 100,000 of the smallest units that Stripe counts %s in', (currency, printed) => {
  expect(money(100_000, currency)).toBe(printed)
})
