import type { Effect } from '../../src/db.ts'
import type { Verdict } from '../../src/webhook/outcome.ts'
import { differingLeaves, leavesOf } from './facts.ts'

/** The names of the facts that a side has in any delivery, by verb: `credit_invoice lines.*.credits`. */
export type FactNames = Set<string>

/** Adds the names of a decision's facts, and of the objects and lists that they are in. */
export function noteFacts(names: FactNames, decision: Effect | Verdict | null): void {
  if (decision === null || !('verb' in decision)) return
  for (const path of leavesOf(decision).keys()) {
    const parts = path.split('.')
    for (let length = parts.length; length > 0; length--)
      names.add(nameOf(decision.verb, parts.slice(0, length).join('.')))
  }
}

const nameOf = (verb: string, path: string) => `${verb} ${path.replaceAll(/\.\d+(?=\.|$)/g, '.*')}`

/**
 * Whether two effects differ, and only in new facts, which the base has in no delivery, or in null facts of the base
 * that this code has in no delivery. Any other missing fact is lost, even if the effect is the same.
 */
export function differsByNewFacts(
  [base, now]: [Effect | Verdict | null, Effect | Verdict | null],
  [inBase, inNow]: [FactNames, FactNames],
): boolean {
  if (base === null || now === null || !('verb' in base && 'verb' in now) || base.verb !== now.verb)
    return false
  const differing = differingLeaves(base, now)
  return (
    differing.length > 0 &&
    differing.every(({ path, leaves: [was] }) => {
      const name = nameOf(base.verb, path)
      return !inBase.has(name) || (was === 'null' && !inNow.has(name))
    })
  )
}
