// Neither ISO 4217 nor `Intl` has this list: at Stripe amounts in HUF, IDR, ISK and UGX, for example, have two decimals.
// https://docs.stripe.com/currencies#minor-units, read 2026-11-27, with its special cases.
const WHOLE = 'bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf'.split(' ')
const THOUSANDTHS = 'bhd jod kwd omr tnd'.split(' ')

/** Returns an amount in minor units, as Stripe counts them, the way people write it: `5.00 USD`, `500 JPY`. */
export function money(amount: number, currency: string): string {
  const code = currency.toLowerCase()
  const decimals = WHOLE.includes(code) ? 0 : THOUSANDTHS.includes(code) ? 3 : 2
  return `${(amount / 10 ** decimals).toFixed(decimals)} ${currency.toUpperCase()}`
}
