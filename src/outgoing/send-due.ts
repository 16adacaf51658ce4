import { call, type Database, type OutgoingEvent } from '../db.ts'
import type { Settings } from '../settings.ts'
import { sendInTurn } from './send-in-turn.ts'

/**
 * A Worker has six connections at once. A request that waits for one uses up its five seconds, and its lease of 30
 * seconds.
 */
const AT_ONCE = 5
/** No more events are taken after this time, even if no receiver responds: it is less than half of a run. */
const TAKING_MS = 20_000

/**
 * Sends a bite of the events that are due. If few users have any, it sends several of each: otherwise, what piled up
 * while your app was away would take a minute per event. Returns whether there may be more. If no events go to your
 * app, it makes no request.
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
