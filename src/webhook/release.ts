import { call, type Database, DatabaseUnavailable } from '../db.ts'
import { log } from '../log.ts'
import type { Settings } from '../settings.ts'
import { type Committed, commitResolved, type Released, resolveParked } from './commit.ts'
import { decide, UNREADABLE } from './decide.ts'
import { type Due, opened, type Stored, takeDue } from './due.ts'
import { logDelivery, logReleased } from './log-delivery.ts'
import type { Provider } from './provider.ts'

type Providers = Record<string, Provider>

/** Effects that one bite releases. Each takes about a millisecond. */
const MOST_RELEASED = 200

/**
 * Releases a bite of what still waits for subjects that have come. Returns whether more is left.
 * @throws DatabaseUnavailable
 */
export async function releaseArrived(settings: Settings, db: Database): Promise<boolean> {
  const facts = { most: MOST_RELEASED, erase: settings.USER_DELETION === 'delete' }
  const { released, more } = await call<{ released: Released[]; more: boolean }>(db, 'release_arrived', [
    facts,
  ])
  logReleased(released, settings)
  return more
}

/**
 * Retries at most this many due deliveries. Returns whether there may be more. After one that fails in a way that may
 * pass, such as a lock that is not released, the others are returned, for another bite: perhaps the database is away.
 * @throws DatabaseUnavailable
 */
export async function retryDue(
  providers: Providers,
  settings: Settings,
  db: Database,
  most: number,
  fetcher: typeof fetch,
): Promise<boolean> {
  const { due, more } = await takeDue(db, most)
  for (const [place, one] of due.entries()) {
    const provider = providers[one.delivery.provider]
    if (!provider || (await retry(provider, one, settings, db, fetcher))) continue
    await returnDue(db, due.slice(place + 1))
    return true
  }
  return more
}

/** Returns deliveries that were taken and not tried: they are due as before. @throws DatabaseUnavailable */
async function returnDue(db: Database, due: Due[]): Promise<void> {
  if (due.length === 0) return
  const untried = due.map(({ delivery: { provider, eventId: event_id }, due_at }) => ({
    provider,
    event_id,
    due_at,
  }))
  await call<number>(db, 'return_due', [{ untried }])
}

/** Retries one delivery. Returns false if it failed in a way that may pass. */
async function retry(
  provider: Provider,
  due: Due,
  settings: Settings,
  db: Database,
  fetcher: typeof fetch,
): Promise<boolean> {
  const startedAt = Date.now()
  const { delivery } = due
  try {
    const committed = await commitDue(provider, due, settings, db, fetcher)
    if (committed === null) return true
    const waited = Date.now() - startedAt
    logDelivery(delivery, committed, null, { duration_ms: waited, database_ms: waited }, settings)
    return true
  } catch (error) {
    if (!(error instanceof DatabaseUnavailable)) throw error
    const { provider, eventId: event } = delivery
    log({ message: 'release failed', level: 'error', provider, event, cause: error.message })
    return !error.isTransient
  }
}

/**
 * Processes a stored delivery again, as if it were delivered just now: runs its effect if it waits with one, else
 * decides on its body anew. Returns the new verdict, or null if nothing changes.
 * @throws DatabaseUnavailable
 */
export async function lookAgain(
  providers: Providers,
  stored: Stored,
  settings: Settings,
  db: Database,
): Promise<Committed | null> {
  const provider = providers[stored.provider]
  if (!provider) return null
  const due = opened(stored)
  const startedAt = Date.now()
  const committed = await commitDue(provider, due, settings, db, fetch)
  const waited = Date.now() - startedAt
  if (committed)
    logDelivery(due.delivery, committed, null, { duration_ms: waited, database_ms: waited }, settings)
  return committed
}

const ASKING = new Set<string | null>([
  'ambiguous_order',
  'incomplete_invoice',
  'unknown_invoice',
  'incomplete_session',
  'unknown_price',
  'currency_mismatch',
  'incomplete_refunds',
])

/**
 * Commits a due delivery. If its reason is one that the provider resolves, it asks the provider first. Null if nothing
 * changes.
 */
async function commitDue(
  provider: Provider,
  { delivery, parked, effect }: Omit<Due, 'due_at'>,
  settings: Settings,
  db: Database,
  fetcher: typeof fetch,
): Promise<Committed | null> {
  if (effect === null) {
    const decision = decide(provider, delivery, settings)
    if (decision === UNREADABLE)
      return await resolveParked(provider, db, delivery, parked, null, settings, fetcher)
    return await commitResolved(provider, db, delivery, decision, settings, fetcher)
  }
  if (ASKING.has(parked.reason)) {
    return await resolveParked(provider, db, delivery, parked, effect, settings, fetcher)
  }
  return await commitResolved(provider, db, delivery, effect, settings, fetcher)
}

/** Rows that one bite gives up. */
const MOST_GIVEN_UP = 1_000

/**
 * Gives up a bite of what has waited for seven days in vain. Returns whether more is left.
 * @throws DatabaseUnavailable
 */
export async function giveUp(settings: Settings, db: Database): Promise<boolean> {
  const tagged = settings.APP_TAG !== undefined
  const facts = { most: MOST_GIVEN_UP, erase: settings.USER_DELETION === 'delete', tagged }
  const { given_up, more } = await call<{ given_up: number; more: boolean }>(db, 'give_up', [facts])
  if (given_up > 0) log({ message: 'given up', level: 'info', reason: 'not_ours', deliveries: given_up })
  return more
}
