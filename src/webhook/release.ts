import { and, eq, isNotNull, isNull, or, sql } from 'drizzle-orm'
import { attempt, type Database, type Effect } from '../db.ts'
import type { Settings } from '../env.ts'
import { commit } from './commit.ts'
import { decide, UNREADABLE } from './decide.ts'
import type { Delivery } from './delivery.ts'
import { log, logDelivery } from './log.ts'
import type { Provider } from './provider.ts'
import { webhookEvents } from './schema.ts'

/** As many as one scheduled run may take on; the next one is a minute away. */
const BATCH = 100

/**
 * Tries again what is parked and may no longer need to be: its user has come, or this deployment may read it.
 * Usually the arrival of the user has released it in its own commit; this is for what crossed with it, or failed.
 */
export async function releaseParked(
  providers: Record<string, Provider>,
  settings: Settings,
  db: Database,
): Promise<void> {
  for (const parked of await releasable(db)) {
    const provider = providers[parked.provider]
    if (!provider) continue
    const { effect, ...row } = parked
    const delivery: Delivery = { ...row, body: null, via: 'release' }
    try {
      await releaseOne(provider, delivery, effect as Effect | null, settings, db)
    } catch (error) {
      const cause = error instanceof Error ? error.name : 'unknown'
      log({
        message: 'release failed',
        level: 'error',
        provider: provider.name,
        event: delivery.eventId,
        cause,
      })
    }
  }
}

async function releaseOne(
  provider: Provider,
  delivery: Delivery,
  effect: Effect | null,
  settings: Settings,
  db: Database,
): Promise<void> {
  const startedAt = Date.now()
  const decision = effect ?? decide(provider, delivery, settings)
  if (decision === UNREADABLE) return
  const verdict = await commit(db, delivery, decision, settings)
  const waited = Date.now() - startedAt
  logDelivery(delivery, verdict, null, { duration_ms: waited, database_ms: waited })
}

/** In random order, so that rows which fail every time cannot keep the others from their turn. */
async function releasable(db: Database) {
  const { provider, eventId, type, occurredAt, effect, payload, outcome, userId } = webhookEvents
  const userHasCome = sql`exists (select from wallets where wallets.user_id = ${userId})`
  return await attempt(() =>
    db
      .select({ provider, eventId, type, occurredAt, userId, effect, event: payload })
      .from(webhookEvents)
      .where(
        and(
          eq(outcome, 'parked'),
          or(and(isNotNull(effect), userHasCome), and(isNull(effect), isNotNull(payload))),
        ),
      )
      .orderBy(sql`random()`)
      .limit(BATCH),
  )
}
