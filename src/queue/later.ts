import { log } from '../log.ts'
import type { Queue, QueuedMessage } from './queue.ts'

const FIRST_DELAY_S = 10
const LONGEST_DELAY_S = 900

/** The limit is 101 (Queues: `max_retries`). */
const MOST_ATTEMPTS = 80
/** Half of the shortest retention of a message, which is that of Cloudflare's free plan. */
const OLDEST_MS = 12 * 3_600_000

/**
 * Retries a message explicitly, each time with a longer delay, up to 15 minutes. A message that has been tried often,
 * or is old, is sent again as a new one, with its whole content, before Cloudflare deletes it.
 * @param speed how many times faster than real time delays pass: 1, except in development
 */
export async function leaveForLater(
  queued: QueuedMessage,
  queue: Queue | undefined,
  speed: number,
): Promise<void> {
  const delaySeconds = Math.ceil(delayOf(queued) / speed)
  if (!queue || !isWorn(queued, speed)) return queued.retry({ delaySeconds })
  await sendAnew(queued, queue, delaySeconds)
}

/** Sends a message again as a new one, and acknowledges this one. If that fails, this one is retried. */
export async function sendAnew(queued: QueuedMessage, queue: Queue, delaySeconds = LONGEST_DELAY_S) {
  try {
    await queue.send(renewed(queued.body), { contentType: 'json', delaySeconds })
    queued.ack()
  } catch (error) {
    log({ message: 'not queued', level: 'error', queued: queued.id, cause: nameOf(error) })
    queued.retry({ delaySeconds })
  }
}

function delayOf({ attempts, body }: QueuedMessage): number {
  if (timesRenewed(body) > 0) return LONGEST_DELAY_S
  return Math.min(LONGEST_DELAY_S, FIRST_DELAY_S * 2 ** Math.min(attempts - 1, 10))
}

const isWorn = ({ attempts, timestamp }: QueuedMessage, speed: number) =>
  attempts >= MOST_ATTEMPTS || (Date.now() - timestamp.getTime()) * speed >= OLDEST_MS

const isObject = (body: unknown): body is { again?: unknown } => typeof body === 'object' && body !== null
const timesRenewed = (body: unknown) => (isObject(body) && typeof body.again === 'number' ? body.again : 0)
const renewed = (body: unknown) => (isObject(body) ? { ...body, again: timesRenewed(body) + 1 } : body)

const nameOf = (error: unknown) => (error instanceof Error ? error.name : 'unknown')
