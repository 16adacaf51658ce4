import { ProviderTrouble } from '../provider-trouble.ts'
import type { Settings } from '../settings.ts'
import { stripe } from '../stripe/index.ts'
import { readStripe } from '../stripe/read.ts'
import { member } from '../values.ts'

/** Newer events may still be on their way, so they are no sign of silence. */
const ON_ITS_WAY_S = 300
/** Stripe accepts at most this many types in one request. */
const MOST_TYPES = 20
/** An event to which not everybody subscribes. */
const OPTIONAL = 'payment_intent.succeeded'

/**
 * Returns when Stripe created its newest event that should have come by now, in seconds, of the types to which the
 * endpoint should subscribe. Zero if there is none; null if Stripe does not say so.
 */
export async function stripeNewest(settings: Settings, fetcher: typeof fetch): Promise<number | null> {
  const until = Math.floor(Date.now() / 1_000) - ON_ITS_WAY_S
  const asked = new URLSearchParams({ limit: '1', 'created[lte]': `${until}` })
  const types = Object.keys(stripe.events).filter((type) => type !== OPTIONAL)
  for (const type of types.slice(0, MOST_TYPES)) asked.append('types[]', type)
  try {
    const { body } = await readStripe(`/v1/events?${asked}`, settings, fetcher)
    const events = member(body, 'data')
    return Array.isArray(events) ? Number(member(events[0], 'created') ?? 0) : null
  } catch (error) {
    if (error instanceof ProviderTrouble) return null
    throw error
  }
}
