import { closeUser } from '../../src/reconcile/clerk-walks.ts'
import type { Pass } from '../../src/reconcile/pass.ts'
import type { Report } from '../../src/reconcile/run.ts'
import type { Flags } from './flags.ts'
import type { Store } from './store.ts'

/** Users whom Clerk does not have. */
export interface Absent {
  /** Users that were absent twice, an hour apart. */
  confirmed: number
  closed: number
  /** Whether there are so many that they are closed only with `--delete`. */
  needsConsent: boolean
}

const FEW = 20
const FEW_OF_ALL = 0.01

/** Closes the users that Clerk no longer has, if they are few or the person at the keyboard has given their number. */
export async function closeAbsent(
  pass: Pass,
  { looked }: Report,
  store: Store,
  flags: Flags,
): Promise<Absent> {
  const which = { kind: 'user_deleted', confirmed: true } as const
  const gone = store.count(which)
  const all = looked['users here'] ?? 0
  const isMany = gone > FEW || gone > all * FEW_OF_ALL
  const needsConsent = gone > 0 && isMany && (flags.delete ?? 0) < gone
  const absent = { confirmed: gone, closed: 0, needsConsent }
  if (!flags.fix || needsConsent) return absent
  for (const difference of store.rows(which)) {
    const closed = await closeUser(pass, difference.object)
    const fixed = closed.some(({ fixed }) => fixed)
    store.keep([{ ...difference, fixed }])
    if (fixed) absent.closed++
  }
  return absent
}
