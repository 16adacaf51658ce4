import { connect } from '../../src/db.ts'
import type { Pass } from '../../src/reconcile/pass.ts'
import { passId } from '../../src/reconcile/pass.ts'
import { walksOf } from '../../src/reconcile/run.ts'
import { settingsOf } from '../../src/settings.ts'
import { reconciled } from '../support/reconciled.ts'
import { logged } from './engine-support.ts'
import type { World } from './reconcile-world.ts'
import { type Env, query, runScheduled, settings } from './support.ts'

export const RECONCILING = {
  CLERK_SECRET_KEY: 'sk_test_reconcile',
  CLERK_INSTANCE_ID: 'ins_tests',
  CLERK_API_BASE: 'http://127.0.0.1:1',
  STRIPE_API_BASE: 'http://127.0.0.1:2',
}

type Reconciled = Awaited<ReturnType<typeof reconciled>>

export function passOver(
  world: World,
  { fixes = false, env = {}, ...more }: Partial<Pass> & { env?: Env } = {},
): Pass {
  const all = settingsOf({ ...settings, ...RECONCILING, ...env })
  const about = { since: null, recent: false, watches: false, seen: new Set<string>(), uncredited: null }
  return { id: passId(), settings: all, db: connect(all), fetch: world.fetch, fixes, ...about, ...more }
}

/** Runs one pass over this world to its end. */
export async function reconcile(
  world: World,
  options: Partial<Pass> & { env?: Env; only?: 'clerk' | 'stripe'; without?: string[] } = {},
): Promise<Reconciled> {
  const { only, without = [], ...rest } = options
  const pass = passOver(world, rest)
  const walks = walksOf(pass, pass.settings, only).filter(({ name }) => !without.includes(name))
  return await reconciled(pass, walks)
}

/** Returns a report as lines: `paid_not_credited cs_1 applied 500`. */
export const lines = ({ found }: Reconciled) =>
  found.map(({ kind, object, outcome, reason, credits }) =>
    [kind, object, outcome, reason, credits].filter((word) => word !== null).join(' '),
  )

/** Returns the lines about one user's objects. */
export const linesOf = (report: Reconciled, about: string) =>
  lines(report).filter((line) => line.includes(about))

interface Kept {
  recent: object | null
  full: { page: number } | null
  complete: { recent?: { pass: string }; full?: { pass: string } }
}
/** Returns the position of the task. */
export const kept = async () =>
  (
    await query<{ cursor: Kept | null; in_s: number; failures: number }>(
      `select cursor, extract(epoch from next_at - now())::integer as in_s, failures from tasks where name = 'reconcile'`,
    )
  )[0]

export const allDue = () =>
  query(`update tasks set cursor = jsonb_set(cursor, '{dueAt}', '{"recent": 0, "full": 0}')
    where name = 'reconcile' and cursor is not null`)

/** Starts scheduled runs until both passes have ended. Returns what was logged about this user. */
export async function passes(env: Env, about = '', runs = 100): Promise<Record<string, unknown>[]> {
  await allDue()
  return (
    await logged(async () => {
      for (let run = 0; run < runs; run++) {
        await runScheduled(env, 'reconcile')
        const now = await kept()
        if (now?.cursor && !now.cursor.recent && !now.cursor.full && now.in_s > 0) return
      }
      throw new Error(`${runs} scheduled runs have not ended a pass`)
    })
  ).filter((line) => JSON.stringify(line).includes(about))
}
