import type { Provider, ProviderName } from './provider.ts'

/**
 * A verified event on its way through: just delivered by the provider, released from parking, or made from an object
 * that was read from the provider.
 */
export interface Delivery {
  provider: ProviderName
  /** The idempotency key of the event: the provider's id, else `sha256:` and the hash of the body. */
  eventId: string
  type: string | null
  occurredAt: Date | null
  /** Whether it is about real money. Null if the event does not say so, or if it was released: its row says it. */
  livemode: boolean | null
  userId: string | null
  /** The provider's ids of what it is about. Empty if it was released: its row has them. */
  about: string[]
  /** The parsed body. Undefined if it is not JSON. */
  event: unknown
  /** The signed text, to be stored. Null if it is not JSON, or is stored already. */
  body: string | null
  via: 'webhook' | 'release' | 'reconcile'
  /** How it came to its effect, if not by its own request and the database only. */
  fallback?: Fallback
  /** Which secret matched, if it was not the first. */
  secret?: number | undefined
  /** When it was received, if that was earlier: it was queued. */
  receivedAt?: Date
}

/**
 * - `read_from_provider`: the provider was asked, in the same request
 * - `released`: what it waited for has come
 * - `retried`: the scheduled run tried it again
 * - `spilled`: it came through the queue
 * - `reconciled`: a comparison with the provider made it
 */
export type Fallback = 'read_from_provider' | 'released' | 'retried' | 'spilled' | 'reconciled'

/**
 * A verified delivery as it came: all that is needed to open it again later. A stored format: messages outlive
 * deployments.
 */
export interface Received {
  provider: ProviderName
  event_id: string
  /** The signed text. */
  body: string
  /** ISO 8601. */
  received_at: string
  /** Which secret matched, if it was not the first. */
  secret?: number | undefined
}

/**
 * Opens a delivery: reads what every event of the provider says about itself. Never throws: the decision parks what
 * cannot be read.
 */
export async function open(provider: Provider, headers: Headers, body: string): Promise<Delivery> {
  const event = parse(body)
  const { eventId, ...envelope } = provider.envelope(event, headers)
  return {
    provider: provider.name,
    eventId: eventId ?? (await hash(body)),
    ...envelope,
    event,
    body: event === undefined || isInflating(body) ? null : body,
    via: 'webhook',
  }
}

/** Opens a delivery that was verified, and received, earlier. */
export async function reopen(
  provider: Provider,
  { event_id, body, received_at, secret }: Received,
): Promise<Delivery> {
  const delivery = await open(provider, new Headers(), body)
  return { ...delivery, secret, eventId: event_id, receivedAt: new Date(received_at), fallback: 'spilled' }
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

async function hash(body: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(body))
  return `sha256:${[...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`
}

/** jsonb stores a number without its exponent: `1e131000` becomes 131,001 digits. */
const MOST_DIGITS = 1_000_000

/** Whether the numbers of this body would be far longer in the database than they are here. */
function isInflating(body: string): boolean {
  let digits = 0
  // Matches only where a number can stand, because ids in quotes have digits around an e as well.
  for (const [, exponent] of body.matchAll(/[\s:,[]-?\d+(?:\.\d+)?[eE][-+]?(\d+)/g)) {
    digits += Math.min(Number(exponent), MOST_DIGITS)
  }
  return digits >= MOST_DIGITS
}
