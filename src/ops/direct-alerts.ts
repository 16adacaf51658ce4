import { post } from '../outgoing/post.ts'
import type { Settings } from '../settings.ts'
import { type AlertMessage, bodyOf } from './alert-message.ts'
import { logAlert } from './alerts.ts'

/** An alert that needs no row, because the database may be away. */
type Direct = 'database_away' | 'run_late'

const EVERY_MS = 900_000

/** When this isolate last sent each alert. */
const told = new Map<Direct, number>()

/**
 * Sends an alert at once, but at most every 15 minutes. The isolates of one data center share that limit through its
 * cache. All isolates send the same id within the same 15 minutes. Never throws.
 */
export async function tellDirectly(settings: Settings, alert: Direct, now = Date.now()): Promise<void> {
  if (now - (told.get(alert) ?? 0) < EVERY_MS) return
  told.set(alert, now)
  const message = messageOf('alert.opened', alert, now)
  logAlert(message)
  if (await isToldNearby(alert)) return
  await send(settings, message)
}

/** Reports the end of an alert if this isolate has reported its beginning. Never throws. */
export async function endDirectly(settings: Settings, alert: Direct, now = Date.now()): Promise<void> {
  if (!told.delete(alert)) return
  const message = messageOf('alert.closed', alert, now)
  logAlert(message)
  await send(settings, message)
}

async function send({ ALERT_WEBHOOK_URL, ALERT_WEBHOOK_SECRET = [] }: Settings, message: AlertMessage) {
  if (ALERT_WEBHOOK_URL) await post(ALERT_WEBHOOK_URL, message.id, bodyOf(message), ALERT_WEBHOOK_SECRET)
}

const messageOf = (type: AlertMessage['type'], alert: Direct, now: number): AlertMessage => ({
  id: `alert_${alert}_${Math.floor(now / EVERY_MS)}_${type.slice(6)}`,
  type,
  timestamp: new Date(now).toISOString(),
  data: { alert, about: null, critical: true, value: null, threshold: null },
})

/** Whether another isolate nearby has sent it already. Without a cache, none is known. */
async function isToldNearby(alert: Direct): Promise<boolean> {
  try {
    const { default: cache } = caches as unknown as { default: Cache }
    const key = `https://ledgerhook.internal/alerts/${alert}`
    if (await cache.match(key)) return true
    const headers = { 'Cache-Control': `max-age=${EVERY_MS / 1_000}` }
    await cache.put(key, new Response(null, { headers }))
  } catch {
    // Without a cache, none is known: see above.
  }
  return false
}
