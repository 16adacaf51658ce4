import type { Pass } from '../../src/reconcile/pass.ts'
import { isKnownHere } from '../../src/reconcile/user-walk.ts'
import { LocalError } from '../shared/errors.ts'
import type { Compared } from './compared.ts'

/**
 * Refuses an id that nobody has: a comparison of nothing finds nothing, which would look like good news.
 * @throws LocalError, DatabaseUnavailable
 */
export async function refuseUnknown(user: string, pass: Pass, { report, store }: Compared): Promise<void> {
  if (store.count() > 0 || (await isKnownHere(pass, user))) return
  // Clerk was not asked without its key, or if the key is refused.
  const where = report.looked.users ? 'here and at Clerk' : 'here'
  throw new LocalError(`nobody has the id ${user}, ${where}: is it right?`)
}
