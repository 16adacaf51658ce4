import { call, type Database, type OutgoingEvent } from '../db.ts'
import type { Settings } from '../settings.ts'
import { sendInTurn } from './send-in-turn.ts'

/**
 * Sends a bite of the events whose turn it is, and where fewer users than `most` wait, of each several: what piled up
 * while your app was away would take a minute for each event. Returns whether there may be more. Where your app is told
 * nothing, it asks nothing.
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
  const due = await call<OutgoingEvent[]>(db, 'take_outgoing', [{ most }])
  await sendInTurn(due, settings, db, Math.floor(most / due.length), fetcher)
  return due.length === most
}
