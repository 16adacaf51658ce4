import { type Database, DatabaseUnavailable } from '../db.ts'
import type { Settings } from '../settings.ts'
import { commitResolved } from './commit.ts'
import { decide, UNREADABLE } from './decide.ts'
import type { Delivery } from './delivery.ts'
import { log } from '../log.ts'
import { logDelivery } from './log-delivery.ts'
import { type Parked, releasable, unreadable } from './parked.ts'
import type { Provider } from './provider.ts'

type Providers = Record<string, Provider>

/**
 * Tries again what is parked and may no longer need to be. First what waits for a user who has come, for a customer or
 * a payment that is known, or for Stripe to be asked: usually the arrival or the link has released it in its own commit, so this is
 * what crossed with it, or failed. Then what could not be read, and may be readable to this deployment.
 */
export async function releaseParked(providers: Providers, settings: Settings, db: Database): Promise<void> {
  for (const { effect, ...parked } of await releasable(db)) {
    const provider = providers[parked.provider]
    if (provider) await release(provider, parked, () => effect, settings, db)
  }
  for (const parked of await unreadable(db)) {
    const provider = providers[parked.provider]
    if (provider)
      await release(provider, parked, (delivery) => decide(provider, delivery, settings), settings, db)
  }
}

/** One failure does not hold up the others, unless the database is gone. @throws DatabaseUnavailable */
async function release(
  provider: Provider,
  parked: Parked,
  decision: (delivery: Delivery) => ReturnType<typeof decide>,
  settings: Settings,
  db: Database,
): Promise<void> {
  const startedAt = Date.now()
  const delivery: Delivery = { ...parked, body: null, via: 'release' }
  const decided = decision(delivery)
  if (decided === UNREADABLE) return
  try {
    const verdict = await commitResolved(provider, db, delivery, decided, settings)
    const waited = Date.now() - startedAt
    logDelivery(delivery, verdict, null, { duration_ms: waited, database_ms: waited })
  } catch (error) {
    if (!(error instanceof DatabaseUnavailable) || error.isTransient) throw error
    const { eventId: event } = delivery
    log({ message: 'release failed', level: 'error', provider: provider.name, event, cause: error.message })
  }
}
