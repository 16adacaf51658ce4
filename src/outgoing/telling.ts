import type { Database, OutgoingEvent } from '../db.ts'
import type { Settings } from '../settings.ts'

/**
 * Returns the database with CREDIT_SINCE set for its calls, and with outgoing events on if your app receives any.
 * @param send sends at once what a statement leaves to this Worker. Without it, the scheduled run sends everything
 */
export function telling(
  db: Database,
  { EVENTS_URL, LOW_BALANCE, CREDIT_SINCE }: Settings,
  send?: (events: OutgoingEvent[]) => void,
): Database {
  if (!EVENTS_URL && !CREDIT_SINCE) return db
  const since = CREDIT_SINCE ? { creditSince: CREDIT_SINCE } : {}
  if (!EVENTS_URL) return { query: db.query, ...since }
  const options = eventOptions(LOW_BALANCE, send !== undefined)
  return { query: db.query, ...since, outgoing: { options, send: send ?? (() => {}) } }
}

/**
 * Returns what the database needs to know of outgoing events, as JSON.
 * @param sends whether the caller sends at once what a statement leaves to it
 */
export function eventOptions(low: number[], sends: boolean): string {
  return JSON.stringify({ low, sends })
}
