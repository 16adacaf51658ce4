import { connect } from '../../src/db.ts'
import type { Pass } from '../../src/reconcile/pass.ts'
import { passId } from '../../src/reconcile/pass.ts'
import { type Report, runPass, walksOf } from '../../src/reconcile/run.ts'
import { settingsOf } from '../../src/settings.ts'
import type { World } from './reconcile-world.ts'
import { type Env, settings } from './support.ts'

export const RECONCILING = {
  CLERK_SECRET_KEY: 'sk_test_reconcile',
  CLERK_INSTANCE_ID: 'ins_tests',
  CLERK_API_BASE: 'http://127.0.0.1:1',
  STRIPE_API_BASE: 'http://127.0.0.1:2',
}

export function passOver(
  world: World,
  { fixes = false, env = {}, ...more }: Partial<Pass> & { env?: Env } = {},
): Pass {
  const all = settingsOf({ ...settings, ...RECONCILING, ...env })
  const about = { since: null, recent: false, watches: false, seen: new Set<string>() }
  return { id: passId(), settings: all, db: connect(all), fetch: world.fetch, fixes, ...about, ...more }
}

/** One pass over this world, to its end. */
export async function reconcile(
  world: World,
  options: Partial<Pass> & { env?: Env; only?: 'clerk' | 'stripe'; without?: string[] } = {},
): Promise<Report> {
  const { only, without = [], ...rest } = options
  const pass = passOver(world, rest)
  const walks = walksOf(pass, pass.settings, only).filter(({ name }) => !without.includes(name))
  return await runPass(pass, walks, undefined, 1)
}

/** What a report says, a line for each: `paid_not_credited cs_1 applied 500`. */
export const lines = ({ found }: Report) =>
  found.map(({ kind, object, outcome, reason, credits }) =>
    [kind, object, outcome, reason, credits].filter((word) => word !== null).join(' '),
  )

/** Those of one user's objects. */
export const linesOf = (report: Report, about: string) => lines(report).filter((line) => line.includes(about))
