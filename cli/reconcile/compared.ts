import type { Pass } from '../../src/reconcile/pass.ts'
import { type Report, runPass, walksOf } from '../../src/reconcile/run.ts'
import { walksOfUser } from '../../src/reconcile/user-walk.ts'
import { progress } from '../shared/progress.ts'
import { linkWalk, type ReadLink } from './customers.ts'
import type { Flags } from './flags.ts'
import { openStore, type Store } from './store.ts'

/** The result of one comparison: how much was compared, and which differences were found. */
export interface Compared {
  report: Report
  store: Store
}

/** Compares once. It keeps what grows with the number of customers in a store. @throws as runPass does */
export async function compareOnce(
  pass: Omit<Pass, 'seen' | 'uncredited'>,
  { only, user }: Pick<Flags, 'only' | 'user'>,
  links: ReadLink[],
): Promise<Compared> {
  const store = await openStore()
  const walks = user
    ? walksOfUser(user, pass.settings).filter((walk) => !only || walk.provider === only)
    : walksOf(pass, pass.settings, only)
  // After the users, and before their customers' payments and subscriptions.
  const at = walks.findIndex(({ name }) => name === 'customers') + 1
  const all = links.length > 0 ? walks.toSpliced(at, 0, linkWalk(links)) : walks
  // Once a payment is credited, the comparison of refunds and disputes finds what came back of it.
  const keeping = { ...pass, seen: store.seen, uncredited: pass.fixes ? null : store.uncredited }
  return { store, report: await runPass(keeping, all, store.keep, progress()) }
}
