import { closeUser } from '../../src/reconcile/clerk-walks.ts'
import type { Pass } from '../../src/reconcile/pass.ts'
import type { Report } from '../../src/reconcile/run.ts'
import type { Flags } from './flags.ts'

/** Users whom Clerk does not have. */
export interface Absent {
  /** Seen absent twice, an hour apart. */
  confirmed: number
  closed: number
  /** Whether so many are closed only where `--delete` says so. */
  needsConsent: boolean
}

const FEW = 20
const FEW_OF_ALL = 0.01

/** Closes the users who are gone at Clerk, where they are few or the person at the keyboard has said how many. */
export async function closeAbsent(pass: Pass, report: Report, flags: Flags): Promise<Absent> {
  const gone = report.found.filter(({ kind, confirmed }) => kind === 'user_deleted' && confirmed)
  const all = report.looked['users here'] ?? 0
  const isMany = gone.length > FEW || gone.length > all * FEW_OF_ALL
  const needsConsent = gone.length > 0 && isMany && (flags.delete ?? 0) < gone.length
  const absent = { confirmed: gone.length, closed: 0, needsConsent }
  if (!flags.fix || needsConsent) return absent
  for (const difference of gone) {
    const closed = await closeUser(pass, difference.object)
    difference.fixed = closed.some(({ fixed }) => fixed)
    if (difference.fixed) absent.closed++
  }
  return absent
}
