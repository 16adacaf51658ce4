import { DatabaseUnavailable } from '../db.ts'
import { log } from '../log.ts'
import { Misconfigured } from '../settings/misconfigured.ts'
import type { Settings } from '../settings.ts'
import type { Committed, First } from '../webhook/commit.ts'
import type { Received } from '../webhook/delivery.ts'
import { type Breaker, breakerOf } from './breaker.ts'
import { enqueue } from './message.ts'
import { type Queue, spillQueue } from './queue.ts'

/** A delivery that the database has not committed by then goes to the queue as well. */
const LATE_MS = 2_000
/** Sending that takes longer has failed: with the time before it, one of the two is certain within 4 s. */
const SEND_MS = 2_000
const LATE = 'late'

/** How deliveries are made sure of with the queue `SPILL`. Undefined without it. @throws Misconfigured */
export function spillOf(
  env: object,
  { SPILL_ALWAYS }: Settings,
): ((received: Received) => First) | undefined {
  const queue = spillQueue(env)
  if (!queue && SPILL_ALWAYS) throw Misconfigured.of('SPILL', 'no queue is bound, which SPILL_ALWAYS needs')
  if (!queue) return undefined
  const breaker = breakerOf(queue)
  return (received) => async (commit) => {
    if (SPILL_ALWAYS) return (await queued(queue, received, 'always')) ?? (await commit())
    if (breaker.mayTry()) return await firstToBeCertain(queue, breaker, received, commit)
    return (await queued(queue, received, 'database_away')) ?? (await commit())
  }
}

/**
 * Commits the delivery, and sends it to the queue where that is not known to have succeeded in time: whichever of the
 * two is certain first is the answer. The database may still commit what is queued: then the message is a duplicate.
 * @throws DatabaseUnavailable where neither succeeds, and where the database refuses
 */
async function firstToBeCertain(
  queue: Queue,
  breaker: Breaker,
  received: Received,
  commit: () => Promise<Committed>,
): Promise<Committed> {
  const direct = commit()
  const failure = direct.then(
    () => null,
    (error: unknown) => error,
  )
  const early = await within(LATE_MS, failure)
  if (early === null) breaker.succeeded()
  if (early === null || !mayPass(early)) return await direct
  breaker.failed()
  const cause = early instanceof DatabaseUnavailable ? early.message : LATE
  const spilled = queued(queue, received, cause)
  const certain = await Promise.race([spilled, direct.catch(() => spilled)])
  return certain ?? (await direct)
}

/** Whether it is only late, or has failed in a way that may pass. What the database refuses is nothing for a queue. */
const mayPass = (early: unknown) =>
  early === LATE || (early instanceof DatabaseUnavailable && early.isTransient)

/** Sends the delivery to the queue. Null where that failed: then it is not known to be anywhere. */
async function queued(queue: Queue, received: Received, cause: string): Promise<Committed | null> {
  const { provider, event_id: event } = received
  try {
    if ((await within(SEND_MS, enqueue(queue, received))) === LATE) throw new TooLate()
    return { outcome: 'queued', reason: null, user_id: null, cause }
  } catch (error) {
    const name = error instanceof Error ? error.name : 'unknown'
    log({ message: 'not queued', level: 'error', provider, event, cause: name })
    return null
  }
}

class TooLate extends Error {
  override name = 'TimeoutError'
}

async function within<T>(ms: number, promise: Promise<T>): Promise<T | typeof LATE> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<typeof LATE>((resolve) => {
    timer = setTimeout(resolve, ms, LATE)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
