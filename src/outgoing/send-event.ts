import type { OutgoingEvent } from '../db.ts'
import type { Settings } from '../settings.ts'
import { isTaken, type Posted, post } from './post.ts'

/** The refusals (4xx) that may pass. */
const PASSING = [408, 409, 425, 429]

/** A receiver's response, and what it means. */
export interface Sent extends Posted {
  good: boolean
  /** Whether the receiver would refuse it again. */
  refused: boolean
}

/** Sends an event by the rules of Standard Webhooks, with the same id and body each time. Never throws. */
export async function sendEvent(
  event: OutgoingEvent,
  { EVENTS_URL = '', EVENTS_SECRET = [] }: Settings,
  fetcher?: typeof fetch,
): Promise<Sent> {
  const posted = await post(EVENTS_URL, event.id, bodyOf(event), EVENTS_SECRET, fetcher)
  const { status } = posted
  const refused = status !== null && status >= 400 && status < 500 && !PASSING.includes(status)
  return { ...posted, good: isTaken(posted), refused }
}

const bodyOf = ({ type, created_at, user_id, sequence, data }: OutgoingEvent) =>
  JSON.stringify({
    type,
    timestamp: new Date(created_at).toISOString(),
    data: { user_id, sequence, ...data },
  })
