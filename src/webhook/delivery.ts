import type { Provider, ProviderName } from './provider.ts'

/** A verified event on its way through, whether the provider has just delivered it or it was released from parking. */
export interface Delivery {
  provider: ProviderName
  /** The idempotency key of the event: the provider's id, else `sha256:` and the hash of the body. */
  eventId: string
  type: string | null
  occurredAt: Date | null
  userId: string | null
  /** The parsed body. Undefined when it is not JSON. */
  event: unknown
  /** The signed text, to be stored. Null when it is not JSON, or stored already. */
  body: string | null
  via: 'webhook' | 'release'
}

/** Reads what every event says of itself. Never throws: what cannot be read is for the decision to park. */
export async function open(provider: Provider, headers: Headers, body: string): Promise<Delivery> {
  const event = parse(body)
  const { eventId, ...envelope } = provider.envelope(event, headers)
  return {
    provider: provider.name,
    eventId: eventId ?? (await hash(body)),
    ...envelope,
    event,
    body: event === undefined ? null : body,
    via: 'webhook',
  }
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
