import { setTimeout as sleep } from 'node:timers/promises'
import { LocalError } from '../../cli/shared/errors.ts'
import { until } from '../until.ts'
import type { Facts } from './compare.ts'
import { observe, type Stage, send } from './play.ts'
import type { Scene } from './scene.ts'
import { clerk, type Delivery, named, stripe } from './story.ts'

/** How many times faster the queue's clock runs than ours: four hours take a second. */
export const QUEUE_SPEED = 14_400
const HOUR_MS = 3_600_000 / QUEUE_SPEED
const DRAINED_MS = 60_000

const QUEUED = '200 queued'

/** Returns the story of an outage that lasts longer than Clerk's retries (28 hours): everything waits in the queue. */
export function outageStory(stage: Stage): Scene[] {
  const ada = { user: 'user_ada' }
  const signup = clerk('user.created', { ...ada, ...named('Ada', 'Lovelace') })
  const bought = stripe('checkout.session.completed', { ...ada, credits: 500 })
  const again = stripe('checkout.session.completed', { ...ada, credits: 250 })
  const grace = clerk('user.created', { user: 'user_grace', ...named('Grace', 'Hopper') })
  const leaves = clerk('user.deleted', { user: 'user_grace' })
  const renamed = clerk('user.updated', { user: 'user_grace', ...named('Grace', 'Back') })

  const scene = (
    says: string,
    deliveries: Delivery[],
    answers: string[],
    balance: number | null,
    meanwhile: () => Promise<unknown> = async () => {},
    user = 'user_ada',
  ): Scene => ({
    says,
    sent: deliveries[0]?.event.type ?? '',
    promised: { answers, balance, requests: 0 },
    async play(): Promise<Facts> {
      const seen = await observe(user, stage, async () => {
        await meanwhile()
        return await Promise.all(deliveries.map((delivery) => send(delivery, stage)))
      })
      // This story does not compare the number of requests to a database that is away.
      return { ...seen, requests: 0 }
    },
  })

  return [
    scene('Grace signs up', [grace], ['200 applied'], 40, undefined, 'user_grace'),
    scene('the database goes away, and Ada signs up', [signup], [QUEUED], null, () =>
      setFaults(stage, 'unavailable'),
    ),
    scene('she buys 500 credits, told twice at once', [bought, bought], [QUEUED, QUEUED], null),
    scene('Grace leaves', [leaves], [QUEUED], 40, undefined, 'user_grace'),
    scene('30 hours later Clerk would have given up', [], [], null, () => sleep(30 * HOUR_MS)),
    scene('Ada buys 250 more', [again], [QUEUED], null),
    scene('40 hours: nothing is stored, nothing is lost', [], [], null, () => sleep(10 * HOUR_MS)),
    scene('the database is back: the queue is drained', [], [], 40 + 750, async () => {
      await setFaults(stage, 'none')
      await drained(stage, [grace, signup, bought, leaves, again].length)
    }),
    scene(
      'Grace has left, and stays so',
      [renamed],
      ['200 stale / user_deleted'],
      40,
      undefined,
      'user_grace',
    ),
    scene('Stripe repeats itself: nothing changes', [bought], ['200 duplicate / already_processed'], 790),
  ]
}

async function setFaults({ gatewayUrl }: Stage, always: string): Promise<void> {
  const response = await fetch(new URL('/faults', gatewayUrl), {
    method: 'POST',
    body: JSON.stringify({ always }),
  })
  if (!response.ok) throw new LocalError(`the gateway refused ${always}`)
}

async function drained({ database }: Stage, deliveries: number): Promise<void> {
  const all = async () => {
    const { rows } = await database.query<{ count: string }>(
      `select count(*) from ledgerhook.webhook_events where settled_at is not null`,
    )
    return Number(rows[0]?.count) === deliveries
  }
  if (!(await until(all, DRAINED_MS))) throw new LocalError('the queue was not drained within a minute')
  // The Worker notices the commit a moment later, and uses the database again from then on.
  await sleep(1_000)
}
