import { Webhook } from 'svix'
import type { OutgoingEvent } from '../db.ts'
import type { Settings } from '../settings.ts'

/** Far less than the 30 seconds for which an event is ours. */
const SEND_MS = 5_000
/** Of the refusals (4xx), those that may pass by themselves. */
const PASSING = [408, 409, 425, 429]

/** What a receiver has said. */
export interface Sent {
  good: boolean
  /** Whether it would say so again. */
  refused: boolean
  /** Null where it said nothing. */
  status: number | null
  cause?: string
}

/**
 * Sends an event as Standard Webhooks has it: the same id and body each time, signed with each secret. Only the status
 * of the response counts: its body is not read, and a redirect is not followed. Never throws.
 */
export async function sendEvent(
  event: OutgoingEvent,
  { EVENTS_URL = '', EVENTS_SECRET = [] }: Settings,
  fetcher: typeof fetch = fetch,
): Promise<Sent> {
  const body = bodyOf(event)
  try {
    const response = await fetcher(EVENTS_URL, {
      method: 'POST',
      headers: headersOf(event.id, body, EVENTS_SECRET, new Date()),
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(SEND_MS),
    })
    const { ok: good, status } = response
    await response.body?.cancel().catch(() => {})
    return { good, refused: status >= 400 && status < 500 && !PASSING.includes(status), status }
  } catch (error) {
    const cause = error instanceof Error ? error.name : 'unknown'
    return { good: false, refused: false, status: null, cause }
  }
}

const bodyOf = ({ type, created_at, user_id, sequence, data }: OutgoingEvent) =>
  JSON.stringify({
    type,
    timestamp: new Date(created_at).toISOString(),
    data: { user_id, sequence, ...data },
  })

/** Of several secrets, each signs: a receiver that knows one of them accepts it. */
function headersOf(id: string, body: string, secrets: string[], now: Date): Record<string, string> {
  const signatures = secrets.map((secret) => new Webhook(secret).sign(id, now, body))
  return {
    'Content-Type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
    'webhook-signature': signatures.join(' '),
  }
}
