import { call, type Database, type OutgoingEvent } from '../db.ts'
import type { Settings } from '../settings.ts'
import { sendInTurn } from './send-in-turn.ts'

/**
 * Sends a bite of the events whose turn it is. Returns whether there may be more. Where your app is told nothing, it
 * asks nothing.
 * @throws DatabaseUnavailable
 */
export async function sendDue(
  settings: Settings,
  db: Database,
  most: number,
  fetcher: typeof fetch,
): Promise<boolean> {
  if (!settings.EVENTS_URL) return false
  const due = await call<OutgoingEvent[]>(db, 'take_outgoing', [{ most }])
  await sendInTurn(due, settings, db, 1, fetcher)
  return due.length === most
}
