import type { Context } from 'hono'
import { connect, type Database } from '../db.ts'
import type { Settings } from '../settings.ts'
import { sendInTurn } from './send-in-turn.ts'
import { telling } from './telling.ts'

/**
 * Returns the database of a request. Its outgoing events are sent after the response, so that nobody waits for them.
 */
export function tellingAfter(c: Context, settings: Settings): Database {
  const db = connect(settings)
  return telling(db, settings, (events) => c.executionCtx.waitUntil(sendInTurn(events, settings, db)))
}
