import { call, connect, once } from '../db.ts'
import { log } from '../log.ts'
import { telling } from '../outgoing/telling.ts'
import { providers } from '../providers.ts'
import { type Settings, settingsOf } from '../settings.ts'
import type { Committed } from '../webhook/commit.ts'
import { decide } from '../webhook/decide.ts'
import { reopen } from '../webhook/delivery.ts'
import { logDelivery } from '../webhook/log-delivery.ts'
import { breakerOf } from './breaker.ts'
import { commitAll, type Item, responds } from './commit-batch.ts'
import { leaveForLater, sendAnew } from './later.ts'
import { message } from './message.ts'
import { type Batch, type Queue, type QueuedMessage, spillQueue } from './queue.ts'

/** The end of the dead-letter queue's name: see `wrangler.toml`. */
const DEAD = '-dead'

/**
 * Commits what came through the queue. Every message is acknowledged or retried explicitly: Cloudflare takes any other
 * for done.
 */
export async function consume({ queue: name, messages }: Batch, env: object): Promise<void> {
  const queue = spillQueue(env)
  const open = new Set(messages)
  let causes: string[] = []
  let speed = 1
  try {
    if (queue && name.endsWith(DEAD)) {
      await saw(env, { oldest_at: null, left_over: null, dead: messages.length })
      return await revive(messages, queue, open)
    }
    const settings = settingsOf(env)
    speed = settings.QUEUE_SPEED
    causes = await commitMessages(messages, settings, open)
    if (queue && causes.length === 0) breakerOf(queue).succeeded()
    if (!causes.includes('database_away')) await sawBatch(env, messages, [...open])
  } catch (error) {
    causes.push(error instanceof Error ? error.name : 'unknown')
    log({ message: 'queue failed', level: 'error', queue: name, cause: causes.at(-1) })
  } finally {
    if (!name.endsWith(DEAD) || !queue) report(name, messages, open.size, causes)
    await Promise.all([...open].map((queued) => leaveForLater(queued, queue, speed)))
  }
}

/** A message younger than this is not reported. */
const OLD_MS = 60_000

/** Stores how old the queue is if it is old or messages of this batch were left, and once more when that is over. */
async function sawBatch(
  env: object,
  messages: readonly QueuedMessage[],
  left: readonly QueuedMessage[],
): Promise<void> {
  const oldest = Math.max(0, ...agesOf(left.length > 0 ? left : messages))
  if (oldest < OLD_MS && left.length === 0 && messages.every(({ attempts }) => attempts === 1)) return
  const isOld = oldest >= OLD_MS || left.length > 0
  const oldest_at = isOld ? new Date(Date.now() - oldest).toISOString() : null
  await saw(env, { oldest_at, left_over: left.length, dead: null })
}

interface Sighting {
  oldest_at: string | null
  left_over: number | null
  dead: number | null
}

/** Stores a sighting for the alerts `queue_age` and `dead_letters`. No message depends on it. */
async function saw(env: object, facts: Sighting) {
  try {
    await call<object>(once(connect(settingsOf(env)), 2_000), 'saw_queue', [facts])
  } catch {
    // The database is away, or a setting is wrong. Both have alerts of their own.
  }
}

/** Returns the milliseconds since each message was received. */
const agesOf = (messages: readonly QueuedMessage[]) =>
  messages.flatMap(({ body }) => {
    const at = Date.parse(message().safeParse(body).data?.received_at ?? '')
    return Number.isNaN(at) ? [] : [Date.now() - at]
  })

/** Sends messages that were tried too often in a queue to it again, as new ones. None is deleted. */
async function revive(messages: readonly QueuedMessage[], queue: Queue, open: Set<QueuedMessage>) {
  log({ message: 'dead letters', level: 'error', deliveries: messages.length })
  for (const queued of messages) {
    open.delete(queued)
    await sendAnew(queued, queue)
  }
}

/** Commits the messages, and removes from `open` those that are done. Returns the reasons why the others are not. */
async function commitMessages(
  messages: readonly QueuedMessage[],
  settings: Settings,
  open: Set<QueuedMessage>,
): Promise<string[]> {
  const db = telling(connect(settings), settings)
  // After a failure the database is probed first, so that an outage costs one cheap request each time.
  if (messages.some(({ attempts }) => attempts > 1) && !(await responds(db))) return ['database_away']
  const causes: string[] = []
  const items: Item[] = []
  for (const queued of messages) {
    const item = await itemOf(queued, settings, open, causes)
    if (item) items.push(item)
  }
  if (!(await commitAll(items, db, settings))) causes.push('database_away')
  return causes
}

/**
 * Opens a message and decides on it, by the present settings. It was verified when it came, and is not verified again,
 * because secrets may have changed since. Unhandled types are not queued, so a type that this version does not handle
 * comes from another version: it is parked as unreadable, until a version handles it.
 */
async function itemOf(
  queued: QueuedMessage,
  settings: Settings,
  open: Set<QueuedMessage>,
  causes: string[],
): Promise<Item | null> {
  const received = message().safeParse(queued.body).data
  if (!received) {
    // Perhaps a newer version's format: it stays until a version can read it.
    log({ message: 'queue failed', level: 'error', queued: queued.id, cause: 'unknown_format' })
    return null
  }
  const startedAt = Date.now()
  const provider = providers[received.provider]
  const delivery = await reopen(provider, received)
  const committed = (verdict: Committed) => {
    queued.ack()
    open.delete(queued)
    const [waited, age] = [Date.now() - startedAt, Date.now() - Date.parse(received.received_at)]
    const timing = { duration_ms: waited, database_ms: waited, via: 'queue', queued_ms: age } as const
    logDelivery(delivery, verdict, delivery.secret ?? null, timing, settings)
  }
  const postponed = (cause: string) => void causes.push(cause)
  return { delivery, decision: decide(provider, delivery, settings), committed, postponed }
}

/** Logs one line for each batch: how old the oldest delivery is, and what is left for later. */
function report(name: string, messages: readonly QueuedMessage[], left: number, causes: string[]): void {
  log({
    message: 'queue',
    level: left > 0 ? 'warn' : 'info',
    queue: name,
    deliveries: messages.length,
    later: left,
    oldest_s: Math.round(Math.max(0, ...agesOf(messages)) / 1000),
    ...(left > 0 && { cause: causes[0] ?? 'unknown' }),
  })
}
