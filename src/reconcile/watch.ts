import { call, type Database } from '../db.ts'
import type { Pass } from './pass.ts'
import type { Difference } from './words.ts'

type Found = Omit<Difference, 'outcome' | 'known' | 'confirmed' | 'first' | 'settled' | 'fixed'>

/**
 * Stores what was found without running a verb, and returns it with whether another pass had seen it.
 * @throws DatabaseUnavailable
 */
export async function watchFound(pass: Pass, found: Found[]): Promise<Difference[]> {
  if (found.length === 0) return []
  const facts = {
    pass: pass.id,
    watches: pass.watches || pass.fixes,
    found: found.map(({ provider, object, kind, user_id, credits, reason }) => ({
      provider,
      object,
      kind,
      user_id,
      credits,
      reason,
    })),
  }
  const watched = await call<Pick<Difference, 'confirmed' | 'first' | 'settled'>[]>(pass.db, 'watch_found', [
    facts,
  ])
  return found.map((one, i) => ({
    ...one,
    ...(watched[i] ?? { confirmed: false, first: false, settled: false }),
    outcome: null,
    known: false,
    fixed: false,
  }))
}

/** Deletes the differences of these objects. @throws DatabaseUnavailable */
export async function forget(pass: Pass, provider: 'clerk' | 'stripe', objects: string[]): Promise<void> {
  if (objects.length === 0 || !(pass.watches || pass.fixes)) return
  const rest = { kind: null, user_id: null, credits: null, reason: null }
  const found = objects.map((object) => ({ provider, object, ...rest }))
  await call(pass.db, 'watch_found', [{ pass: pass.id, watches: true, found }])
}

/** The most rows that are deleted at once. The next pass deletes the rest. */
const MOST_FORGOTTEN = 1_000

/** Deletes what no pass has seen for a week. @throws DatabaseUnavailable */
export async function forgetOld(pass: Pass): Promise<void> {
  await call<number>(pass.db, 'forget_differences', [{ most: MOST_FORGOTTEN }])
}

/** The Stripe account and mode that the database serves. Each is null until it is known. */
interface Served {
  account: string | null
  livemode: boolean | null
}

/** Begins a scheduled pass: deletes what is old, and returns what the database serves. @throws DatabaseUnavailable */
export const beginPass = (db: Database) => call<Served>(db, 'begin_pass', [{ most: MOST_FORGOTTEN }])
