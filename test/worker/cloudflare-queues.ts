import { type Body, consume, QUEUE, type TestQueue, testQueue } from './queue-support.ts'
import type { Env } from './support.ts'

const DEAD = `${QUEUE}-dead`
const BATCH = 50
/** The number of retries of a message, as in `wrangler.toml`. */
const MAX_RETRIES = 100

interface Kept {
  id: string
  body: unknown
  queue: string
  sentAt: number
  visibleAt: number
  attempts: number
}

/**
 * Simulates Cloudflare's Queues by their rules on the test's own clock: a message arrives at least once, sometimes
 * twice, in any order; it is deleted after its retention; it goes to the dead-letter queue after 100 retries, and is
 * deleted after as many there (Queues: configuration, dead-letter queues, limits).
 */
export function cloudflareQueues(retentionMs: number) {
  let now = 0
  let kept: Kept[] = []
  let numbers = 0
  const lost: { id: string; why: string }[] = []
  const producer: TestQueue = testQueue()
  let mostAttempts = 0
  let runs = 0

  /** Takes the messages that were sent since. */
  function collect(): void {
    for (const { body, delaySeconds } of producer.sent.splice(0)) {
      const id = `message_${++numbers}`
      kept.push({ id, body, queue: QUEUE, sentAt: now, visibleAt: now + delaySeconds * 1_000, attempts: 1 })
    }
  }

  function expire(): void {
    for (const message of kept.filter(({ sentAt }) => now - sentAt >= retentionMs))
      lost.push({ id: message.id, why: 'expired' })
    kept = kept.filter(({ sentAt }) => now - sentAt < retentionMs)
  }

  function retryLater(message: Kept, delaySeconds = 0): void {
    message.attempts++
    message.visibleAt = now + delaySeconds * 1_000
    if (message.attempts <= MAX_RETRIES + 1) return
    if (message.queue === DEAD) lost.push({ id: message.id, why: 'tried too often' })
    kept = kept.filter((one) => one !== message)
    if (message.queue !== DEAD)
      kept.push({ ...message, queue: DEAD, sentAt: now, visibleAt: now, attempts: 1 })
  }

  async function runBatch(env: Env, queue: string, visible: Kept[]): Promise<void> {
    const batch = visible.slice(0, BATCH)
    // At least once: every 25th batch is also delivered to another consumer at the same time.
    const copies = ++runs % 25 === 0 ? 2 : 1
    const messages = batch.map(({ id, body, attempts, sentAt }) => ({
      id,
      body,
      attempts,
      timestamp: new Date(Date.now() - (now - sentAt)),
    }))
    mostAttempts = Math.max(mostAttempts, ...batch.map(({ attempts }) => attempts))
    const [{ acked, retried }] = (await Promise.all(
      Array.from({ length: copies }, () => consume(messages, { ...env, SPILL: producer }, queue)),
    )) as [Awaited<ReturnType<typeof consume>>]
    kept = kept.filter(({ id }) => !acked.includes(id))
    for (const { id, delaySeconds } of retried) {
      const message = kept.find((one) => one.id === id)
      if (message) retryLater(message, delaySeconds)
    }
    collect()
  }

  return {
    producer,
    lost,
    /** The number of remaining deliveries. One that arrives twice may be sent anew twice. */
    left: () => new Set(kept.map(({ body }) => (body as Body).event_id)).size,
    mostAttempts: () => mostAttempts,
    /** Advances the clock until this time, or until nothing is left. */
    async run(untilMs: number, env: Env): Promise<void> {
      for (;;) {
        collect()
        const next = Math.min(...kept.map(({ visibleAt }) => visibleAt))
        if (next > untilMs) break
        now = Math.max(now, next)
        expire()
        const visible = kept.filter(({ visibleAt }) => visibleAt <= now).reverse()
        const [first] = visible
        if (!first) continue
        await runBatch(
          env,
          first.queue,
          visible.filter(({ queue }) => queue === first.queue),
        )
      }
      now = Math.max(now, Number.isFinite(untilMs) ? untilMs : now)
    },
  }
}
