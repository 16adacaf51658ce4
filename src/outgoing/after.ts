import type { Context } from 'hono'
import { connect, type Database } from '../db.ts'
import type { Settings } from '../settings.ts'
import { sendInTurn } from './send-in-turn.ts'
import { telling } from './telling.ts'

/** The database of a request. What it tells your app is sent after the response, and nobody waits for it. */
export function tellingAfter(c: Context, settings: Settings): Database {
  const db = connect(settings)
  return telling(db, settings, (events) => c.executionCtx.waitUntil(sendInTurn(events, settings, db)))
}
