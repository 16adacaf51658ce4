import { log } from '../log.ts'
import type { Queue, QueuedMessage } from './queue.ts'

const FIRST_DELAY_S = 10
const LONGEST_DELAY_S = 900

/** Of at most 101 (Queues: `max_retries`). */
const MOST_ATTEMPTS = 80
/** Half of what a message is kept on Cloudflare's free plan, the shortest there is. */
const OLDEST_MS = 12 * 3_600_000

/**
 * Leaves a message for later, by name: later each time, up to 15 minutes. What has been tried often, or is old for a
 * message, is sent anew before it is lost, with all that it holds.
 * @param speed how many times faster delays pass than a clock: 1, except in development
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

/** Sends a message anew and ends this one. What cannot be sent is tried again as it is. */
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
