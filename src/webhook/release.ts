import { and, eq, inArray, isNotNull, isNull, lt, or, sql } from 'drizzle-orm'
import { attempt, type Database, DatabaseUnavailable, type Effect } from '../db.ts'
import type { Settings } from '../env.ts'
import { commitResolved } from './commit.ts'
import { decide, UNREADABLE } from './decide.ts'
import type { Delivery } from './delivery.ts'
import { log, logDelivery } from './log.ts'
import type { Provider } from './provider.ts'
import { webhookEvents } from './schema.ts'

/** As many as one scheduled run may take on; the next one is a minute away. */
const BATCH = 100
/** Neon answers 10 MiB at most, and a payload may be 1 MiB, twice that when it is quoted. */
const PAYLOADS_BYTES = 4_000_000

type Providers = Record<string, Provider>
type Parked = Omit<Delivery, 'body' | 'via'>

/**
 * Tries again what is parked and may no longer need to be. First what waits for a user who has come, for a customer or
 * a payment that is known, or for Stripe to be asked: usually the arrival or the link has released it in its own commit, so this is
 * what crossed with it, or failed. Then what could not be read, and may be readable to this deployment.
 */
export async function releaseParked(providers: Providers, settings: Settings, db: Database): Promise<void> {
  for (const { effect, ...parked } of await waiting(db)) {
    const provider = providers[parked.provider]
    if (provider) await release(provider, parked, () => effect as Effect, settings, db)
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

/** In random order, here and below: rows that fail every time only take their share of the turns. */
async function waiting(db: Database) {
  const { provider, eventId, type, occurredAt, effect, outcome, reason, userId } = webhookEvents
  const userHasCome = sql`exists (select from wallets where wallets.user_id = ${userId})`
  const customerIsKnown = sql`customer_owner(${effect}->'facts'->>'stripe_customer_id') is not null`
  const paymentIsKnown = sql`(payment_of(${effect}->'facts'->>'payment_intent_id', ${effect}->'facts'->>'charge_id')).user_id is not null`
  const mayBePossible = sql`case when ${reason} = 'unknown_payment' then ${paymentIsKnown} else ${or(userHasCome, customerIsKnown)} end`
  return await attempt(() =>
    db
      .select({ provider, eventId, type, occurredAt, userId, effect, event: sql<null>`null` })
      .from(webhookEvents)
      .where(and(eq(outcome, 'parked'), isNotNull(effect), mayBePossible))
      .orderBy(sql`random()`)
      .limit(BATCH),
  )
}

async function unreadable(db: Database): Promise<Parked[]> {
  const { provider, eventId, type, occurredAt, userId, payload, outcome, effect } = webhookEvents
  const picked = db.$with('picked').as(
    db
      .select({ provider, eventId, type, occurredAt, userId, event: payload })
      .from(webhookEvents)
      .where(and(eq(outcome, 'parked'), isNull(effect), isNotNull(payload)))
      .orderBy(sql`random()`)
      .limit(BATCH),
  )
  const bytes = sql<number>`sum(octet_length(${picked.event}::text)) over (rows unbounded preceding)`.as(
    'bytes',
  )
  const sized = db.$with('sized').as(db.select({ ...picked._.selectedFields, bytes }).from(picked))
  return await attempt(() =>
    db.with(picked, sized).select().from(sized).where(lt(sized.bytes, PAYLOADS_BYTES)),
  )
}

/** The life of other products in the same Stripe account: nobody ever says whose their customers and payments are. */
const NOT_OURS_AFTER = sql`interval '7 days'`

/**
 * Gives up what waits in vain to know whose a customer or a payment is. A later link or settlement still releases it:
 * the effect is kept.
 * @param erase whether stored payloads lose their personal data, for nobody may ever say whose it is
 */
export async function giveUpUnknown(db: Database, erase: boolean): Promise<void> {
  const { outcome, reason, receivedAt, payload } = webhookEvents
  await attempt(() =>
    db
      .update(webhookEvents)
      .set({
        outcome: 'ignored',
        reason: 'not_ours',
        settledAt: sql`now()`,
        ...(erase && { payload: sql`erase_personal_data(${payload})` }),
      })
      .where(
        and(
          eq(outcome, 'parked'),
          inArray(reason, ['unknown_customer', 'unknown_payment']),
          lt(receivedAt, sql`now() - ${NOT_OURS_AFTER}`),
        ),
      ),
  )
}
