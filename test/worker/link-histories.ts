import { checkoutEvent } from '../../local/events.ts'

/** 30 credits for 7.00 USD, by a price that Payment Links sell. */
export const CREDIT_PACKS = JSON.stringify({ small: { credits: 30, price: 'price_small' } })
const UNIT = 700

type Send = (event: (about: { event: string; at: number }) => { id: string }) => void

/** The members of every session of a Payment Link instead of our metadata. Stripe creates a new customer for each. */
export const ofLink = (user: string, number: number) => ({
  metadata: {},
  client_reference_id: user,
  payment_link: 'plink_1',
  customer: `cus_link${number}_${user}`,
})

/** A buyer pays on the page of a link with this user in its address. */
export function buyByLink(
  send: Send,
  about: { user: string; payment: string; quantity: number; number: number },
) {
  const { user, payment, quantity, number } = about
  const session = { ...ofLink(user, number), amount_total: UNIT * quantity, currency: 'usd' }
  send((stamp) => checkoutEvent('checkout.session.completed', { ...stamp, user, payment, session }))
}

interface LinkSession {
  id: string
  mode: string
  payment_link: string | null
  amount_total: number
}

/** Stripe's lists of lines of the links' sessions, for `stripeAnswers`. */
export function linesOf(sent: readonly object[]) {
  const sessions = sent
    .flatMap((one) => ('event' in one && 'provider' in one && one.provider === 'stripe' ? [one.event] : []))
    .map((event) => (event as { data: { object: LinkSession } }).data.object)
    .filter(({ payment_link, mode }) => payment_link && mode === 'payment')
  return Object.fromEntries(
    sessions.map(({ id, amount_total }) => {
      const line = {
        id: `li_${id}`,
        object: 'item',
        price: { id: 'price_small' },
        quantity: amount_total / UNIT,
      }
      const body = {
        object: 'list',
        data: [line],
        has_more: false,
        url: `/v1/checkout/sessions/${id}/line_items`,
      }
      return [`GET /v1/checkout/sessions/${id}/line_items`, { body }]
    }),
  )
}
