import { DatabaseUnavailable } from '../db.ts'
import { log } from '../log.ts'
import { Misconfigured } from '../settings/misconfigured.ts'
import type { Settings } from '../settings.ts'
import type { Committed, First } from '../webhook/commit.ts'
import type { Received } from '../webhook/delivery.ts'
import { type Breaker, breakerOf } from './breaker.ts'
import { enqueue } from './message.ts'
import { type Queue, spillQueue } from './queue.ts'

/** If the database has not committed a delivery by then, the delivery also goes to the queue. */
const LATE_MS = 2_000
/** Sending that takes longer has failed. So the outcome is certain within 4 s. */
const SEND_MS = 2_000
const LATE = 'late'

/** Returns how a first commit runs if the queue `SPILL` is bound. Undefined without it. @throws Misconfigured */
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
 * Commits the delivery, and sends it to the queue if the commit is not known to have succeeded in time. Whichever of
 * the two is certain first gives the response. The database may still commit what is queued: then the message is a
 * duplicate.
 * @throws DatabaseUnavailable if neither succeeds, and if the database refuses
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

/** Whether the commit is only late, or failed in a way that may pass. A queue does not help if the database refuses. */
const mayPass = (early: unknown) =>
  early === LATE || (early instanceof DatabaseUnavailable && early.isTransient)

/** Sends the delivery to the queue. Null if that failed: then the delivery is not known to be stored anywhere. */
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
