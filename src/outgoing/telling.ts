import type { Database, OutgoingEvent } from '../db.ts'
import type { Settings } from '../settings.ts'

/**
 * The database, which writes down what your app is to be told, if it is to be told anything.
 * @param send sends at once what a statement leaves to this Worker. Without it, all is left to the scheduled run
 */
export function telling(
  db: Database,
  { EVENTS_URL, LOW_BALANCE }: Settings,
  send?: (events: OutgoingEvent[]) => void,
): Database {
  if (!EVENTS_URL) return db
  const options = JSON.stringify({ low: LOW_BALANCE, sends: send !== undefined })
  return { query: db.query, outgoing: { options, send: send ?? (() => {}) } }
}
