import { call, type Database, type OutgoingEvent } from '../db.ts'
import type { Settings } from '../settings.ts'
import { sendInTurn } from './send-in-turn.ts'

/** Six connections are open at once. Who waits for one loses its five seconds, and its 30 seconds' lease. */
const AT_ONCE = 5
/** No more are taken after this time, whatever does not respond: less than half of a run. */
const TAKING_MS = 20_000

/**
 * Sends a bite of the events whose turn it is, and where few users wait, of each several: what piled up while your app was
 * away would take a minute for each event. Returns whether there may be more. Where your app is told nothing, it asks
 * nothing.
 * @param most events, of all users together
 * @throws DatabaseUnavailable
 */
export async function sendDue(
  settings: Settings,
  db: Database,
  most: number,
  fetcher: typeof fetch,
): Promise<boolean> {
  if (!settings.EVENTS_URL) return false
  const until = Date.now() + TAKING_MS
  let more = true
  for (let left = most; left > 0 && Date.now() < until; ) {
    const atOnce = Math.min(left, AT_ONCE)
    const due = await call<OutgoingEvent[]>(db, 'take_outgoing', [{ most: atOnce }])
    if (due.length === 0) return false
    const inTurn = Math.floor(atOnce / due.length)
    await sendInTurn(due, settings, db, inTurn, fetcher)
    left -= due.length * inTurn
    more = due.length === atOnce
  }
  return more
}
