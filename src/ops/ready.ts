import type { Context } from 'hono'
import { timingSafeEqual } from 'hono/utils/buffer'
import journal from '../../migrations/meta/_journal.json' with { type: 'json' }
import { attempt, connect, DatabaseUnavailable } from '../db.ts'
import { settingsOf } from '../settings.ts'
import { bearer } from '../http.ts'

const NEWEST_MIGRATION = Math.max(...journal.entries.map((migration) => migration.when))
/** By its text: a database without migrations has no function to call. */
const NEWEST_APPLIED = 'select max(created_at)::float8 as newest from drizzle.__drizzle_migrations'
/** SQLSTATE of a table, or a schema, that does not exist. */
const HAS_NO_MIGRATION = new Set(['42P01', '3F000'])

/** Operators only, compared in constant time. Without an `OPS_TOKEN` nobody is one. */
export const operatorsOnly = bearer(async (token, c) => {
  const { OPS_TOKEN } = settingsOf(c.env)
  return OPS_TOKEN !== undefined && (await timingSafeEqual(token, OPS_TOKEN))
})

/** Whether the database answers, and has every migration that this Worker was built with. */
export async function readiness(c: Context): Promise<Response> {
  const settings = settingsOf(c.env)
  const db = connect(settings)
  try {
    const [applied] = await attempt(() => db.query<{ newest: number | null }>(NEWEST_APPLIED))
    if ((applied?.newest ?? 0) >= NEWEST_MIGRATION) return c.json({ status: 'ready' })
    return c.json({ status: 'not_migrated' }, 503)
  } catch (error) {
    if (!(error instanceof DatabaseUnavailable)) throw error
    return c.json({ status: HAS_NO_MIGRATION.has(error.message) ? 'not_migrated' : 'unavailable' }, 503)
  }
}
