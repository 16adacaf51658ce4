import type { Context } from 'hono'
import { call, connect, once } from '../db.ts'
import { type Settings, settingsOf } from '../settings.ts'
import { endDirectly, tellDirectly } from './direct-alerts.ts'

const KEPT_MS = 15_000
const LIMIT_MS = 1_000

interface Health {
  critical: number
  /** Null if the database could not be read. */
  run_late: boolean | null
}

/** What this isolate read last, and when; or what it is just reading. */
let known: { of: string; at: number; health: Promise<Health> } | undefined

/**
 * Responds to an uptime service: 200, or 503 while a critical alert is open, no run has ended well for five minutes, or
 * the database is away. However often it is asked, an isolate reads the database only once in 15 seconds, for at most a
 * second.
 */
export async function deepHealth(c: Context): Promise<Response> {
  const settings = settingsOf(c.env)
  const of = settings.DATABASE_URL + settings.NEON_FETCH_ENDPOINT
  if (!known || known.of !== of || Math.abs(Date.now() - known.at) > KEPT_MS) {
    known = { of, at: Date.now(), health: readHealth(settings) }
    // Other requests wait for this reading as well. Cloudflare would cancel it if this caller hung up.
    c.executionCtx.waitUntil(known.health)
  }
  const { critical, run_late } = await known.health
  if (run_late !== null)
    c.executionCtx.waitUntil((run_late ? tellDirectly : endDirectly)(settings, 'run_late'))
  const status = critical > 0 ? 'critical' : 'ok'
  return c.json({ status, critical }, critical > 0 ? 503 : 200, {
    'Cache-Control': `max-age=${KEPT_MS / 1_000}`,
  })
}

async function readHealth(settings: Settings): Promise<Health> {
  try {
    return await call<Health>(once(connect(settings), LIMIT_MS), 'deep_health', [{}])
  } catch {
    return { critical: 1, run_late: null }
  }
}
