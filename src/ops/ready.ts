import type { Context } from 'hono'
import migrations from '../../migrations/sealed.json' with { type: 'json' }
import { call, connect, DatabaseUnavailable } from '../db.ts'
import { bearer, tokenAmong } from '../http.ts'
import { settingsOf } from '../settings.ts'
import { BUILD, FUNCTIONS } from './functions.gen.ts'

/** What this build needs of its database. */
export const NEEDS = { migrations, functions: FUNCTIONS.hash, entry_points: FUNCTIONS.entryPoints }

/** SQLSTATEs for a missing function, a missing schema, and a role without grants. */
const HAS_NO_MIGRATION = new Set(['42883', '3F000', '42501'])

/** Lets only operators through. Without an `OPS_TOKEN` there are none. */
export const operatorsOnly = bearer(
  async (token, c) => (await tokenAmong(token, settingsOf(c.env).OPS_TOKEN)) !== undefined,
)

/**
 * Says whether the database is reachable and has what this build needs. If not: 503, with what is missing. A header
 * names the build.
 */
export async function readiness(c: Context): Promise<Response> {
  const status = await databaseStatus(c)
  return c.json({ status }, status === 'ready' ? 200 : 503, { 'Ledgerhook-Build': BUILD })
}

async function databaseStatus(c: Context): Promise<string> {
  try {
    const { status } = await call<{ status: string }>(connect(settingsOf(c.env)), 'readiness', [NEEDS])
    return status
  } catch (error) {
    if (!(error instanceof DatabaseUnavailable)) throw error
    return HAS_NO_MIGRATION.has(error.message) ? 'not_migrated' : 'unavailable'
  }
}
