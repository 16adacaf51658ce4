import type { Event } from '../../local/stripe/state.ts'
import { atStripe, shop, type Told } from './checkout-support.ts'
import { deliver, type Env, settings, stripeUrl } from './support.ts'

/** A shop whose packs are at Stripe: 500 credits for 7.00 USD, by `price_pack`. */
export const linkShop: Env = {
  ...shop,
  CREDIT_PACKS: JSON.stringify({ starter: { credits: 500, price: 'price_pack' } }),
}

await atStripe('prices/price_pack/create', { unit_amount: 700, type: 'one_time' })
await atStripe('prices/price_shirt/create', { unit_amount: 2000, type: 'one_time' })
await atStripe('prices/price_any/create', { type: 'one_time' })

/** Creates a Payment Link as the Dashboard does, by Stripe's API. */
export async function makeLink(lines: Record<string, string>[], members: Record<string, string> = {}) {
  const form = new URLSearchParams(members)
  for (const [index, line] of lines.entries())
    for (const [name, value] of Object.entries({ quantity: '1', ...line }))
      form.set(`line_items[${index}]${name.startsWith('[') ? name : `[${name}]`}`, value)
  const response = await fetch(`${stripeUrl}/v1/payment_links`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${settings.STRIPE_SECRET_KEY}` },
    body: form,
  })
  if (!response.ok) throw new Error(await response.text())
  return ((await response.json()) as { id: string }).id
}

/** A buyer opens the link with this reference in its address, and pays. Nothing is delivered. */
export async function buy(link: string, reference: string | null, choices: object = {}): Promise<Told> {
  const { object } = await atStripe(`payment_links/${link}/open`, { client_reference_id: reference })
  return await atStripe(`sessions/${object.id}/pay`, { ...choices, deliver: false })
}

export const deliverTo = (event: Event | undefined, env: Env = linkShop) =>
  deliver('stripe', event ?? {}, { env })

/** Delivers Stripe's events in this order. */
export async function deliverAllTo(events: Event[], env: Env = linkShop) {
  const answers = []
  for (const event of events) answers.push(await deliverTo(event, env))
  return answers
}
