import { beforeAll, describe, expect, it, vi } from 'vitest'
import type { Event } from '../../bench/arena/deliveries.ts'
import { migrate } from '../../cli/migrate/run.ts'
import { query } from '../../local/postgres/query.ts'
import { renew } from './replay-support.ts'
import {
  buildsOf,
  type Deployed,
  eventsOf,
  previousCommit,
  readiness,
  runScheduled,
  send,
  startDrills,
} from './rollback-support.ts'

// It takes long: both builds are bundled, and the database is migrated five times, while other tests run.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 })

const previous = previousCommit()
const WHY_NOT =
  'this clone has no commit before this one with other sources, so there is nothing to roll back to'
const LINES = 6
const USERS = 16
/** Settings without the plan that is sold. */
const OTHER_PLANS = '{"price_other": {"key": "other", "credits": 1}}'
/** Far longer than a step takes. */
const MOST_REFUSED = 5_000

let builds: Awaited<ReturnType<typeof buildsOf>>
let drills: Awaited<ReturnType<typeof startDrills>>
/** Both builds, each in a workerd. */
let [now, before] = [] as unknown as [Deployed, Deployed]
beforeAll(async () => {
  if (!previous) return
  builds = await buildsOf(previous)
  drills = await startDrills(builds)
  now = await drills.deploy(builds.now)
  before = await drills.deploy(builds.previous)
  return async () => {
    await drills.stop()
    builds.remove()
  }
})

/** The running build. A step of a drill changes it. */
interface Running {
  worker: Deployed
}

/**
 * Delivers all events of some users in random order, each twice, by several senders at once. Refused deliveries are
 * repeated, as the providers do. Meanwhile the steps run one after another, the first after a third of the events.
 * Until the steps are done, events are delivered again as resends.
 */
async function underLoad(kind: string, running: Running, steps: (() => Promise<void>)[]): Promise<string[]> {
  const users = Array.from({ length: USERS }, (_, number) => `user_${kind}${number}`)
  const once = users.flatMap(eventsOf)
  // The order is the same each time, with the second copies after the first ones.
  const all = [...once, ...once].map((_, at, each) => each[(at * 37) % each.length] as Event)
  const queue = all.map((event) => ({ event, isResend: false }))
  let [done, refused] = [0, 0]
  let isStepping = true
  let stepping: Promise<void> | undefined
  const inTurn = async () => {
    try {
      for (const step of steps) await step()
    } finally {
      isStepping = false
    }
  }
  const next = () => {
    const first = queue.shift()
    if (first) return first
    return isStepping ? { event: all[done % all.length] as Event, isResend: true } : undefined
  }
  const line = async () => {
    for (let one = next(); one; one = next()) {
      const status = await send(running.worker, one.event)
      if (status === 200) done += one.isResend ? 0 : 1
      else if (++refused > MOST_REFUSED) throw new Error(`refused ${refused} times, at last with ${status}`)
      else queue.push(one)
      if (done > all.length / 3) stepping ??= inTurn()
      // Failures of a step are reported at the end.
      stepping?.catch(() => {})
    }
  }
  await Promise.all(Array.from({ length: LINES }, line))
  await stepping
  expect(done).toBe(all.length)
  return users
}

/** Every user has the bonus, the purchase and the plan's credits, minus the refund, each exactly once. */
async function expectAllOnce(users: string[]): Promise<void> {
  const entries = await query(
    drills.databaseUrl,
    `select user_id, array_agg(kind || ' ' || amount order by kind, amount) as entries, max(balance)::int as balance
     from ledgerhook.credit_ledger join ledgerhook.wallets using (user_id) where user_id = any ($1) group by 1`,
    [users],
  )
  const each = ['plan_grant 1000', 'purchase 500', 'refund -200', 'signup_bonus 40']
  expect(entries.sort((a, b) => String(a.user_id).localeCompare(String(b.user_id)))).toEqual(
    users
      .toSorted((a, b) => a.localeCompare(b))
      .map((user_id) => ({ user_id, entries: each, balance: 1340 })),
  )
  const left = `select event_id, outcome, reason from ledgerhook.webhook_events
    where outcome in ('parked', 'rejected') and user_id = any ($1)`
  expect(await query(drills.databaseUrl, left, [users])).toEqual([])
}

/** Starts scheduled runs until everything that a commit deferred is released. */
async function settle({ worker }: Running): Promise<void> {
  const left = async () => (await query(drills.databaseUrl, 'select from ledgerhook.arrived')).length > 0
  for (let run = 0; run < 20 && (await left()); run++) {
    await query(drills.databaseUrl, `update ledgerhook.tasks set leased_until = null, next_at = now()`)
    await query(drills.databaseUrl, `update ledgerhook.arrived set due_at = now()`)
    await runScheduled(worker)
  }
}

describe('under load, nothing is lost and nothing is doubled', () => {
  it('where the Worker is rolled back, and goes forward again', async (context) => {
    if (!previous) return context.skip(WHY_NOT)
    const running: Running = { worker: now }
    const users = await underLoad('worker', running, [
      async () => {
        running.worker = before
        expect(await readiness(before)).toBe('ready')
      },
      async () => {
        running.worker = now
        expect(await readiness(now)).toBe('ready')
      },
    ])
    await settle(running)
    await expectAllOnce(users)
  })

  it('where the functions are rolled back after the Worker, and go forward before it', async (context) => {
    if (!previous) return context.skip(WHY_NOT)
    const running: Running = { worker: now }
    const users = await underLoad('functions', running, [
      async () => {
        running.worker = before
        await migrate(drills.databaseUrl, { ...builds.previous, functionsBack: true })
        expect(await readiness(before)).toBe('ready')
      },
      async () => {
        await migrate(drills.databaseUrl, builds.now)
        running.worker = now
        expect(await readiness(now)).toBe('ready')
      },
    ])
    await settle(running)
    await expectAllOnce(users)
  })

  it('where a setting was wrong, and is put back: what waits for it is resent', async (context) => {
    if (!previous) return context.skip(WHY_NOT)
    const wrong = await drills.deploy(builds.now, { PLANS: OTHER_PLANS })
    const running: Running = { worker: now }
    const users = await underLoad('setting', running, [
      async () => {
        running.worker = wrong
      },
    ])
    const waiting = await query<{ user_id: string; reason: string }>(
      drills.databaseUrl,
      `select user_id, reason from ledgerhook.webhook_events where outcome = 'parked' and user_id = any ($1)`,
      [users],
    )
    expect(new Set(waiting.map(({ reason }) => reason))).toEqual(new Set(['unknown_price']))
    running.worker = now
    for (const user of users) expect(await send(running.worker, renew(user))).toBe(200)
    await settle(running)
    await expectAllOnce(users)
  })
})
