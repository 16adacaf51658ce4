import type { Effect } from '../../src/db.ts'
import type { Verdict } from '../../src/webhook/outcome.ts'

/** The facts that are printed besides numbers: ids and moments. Other values may be personal data. */
const PRINTABLE = /^([a-z]{2,6}_\w+|\d{4}-\d\d-\d\dT[\d:.]+Z)$/
const PERSONAL = /(^|\.)(name|email)$/

/**
 * Returns the facts in which two effects differ, as `lines.0.credits 1000 → 2000`. Values that may be personal data are
 * left out.
 */
export function differingFacts(base: Effect | Verdict | null, now: Effect | Verdict | null): string[] {
  return differingLeaves(base, now).map(({ path, leaves }) => {
    if (PERSONAL.test(path)) return path
    const [was, is] = leaves.map(shown)
    return was === null || is === null ? path : `${path} ${was} → ${is}`
  })
}

/** Returns the values in which two effects differ, each as JSON. */
export function differingLeaves(base: Effect | Verdict | null, now: Effect | Verdict | null) {
  const [before, after] = [leavesOf(base), leavesOf(now)]
  return [...new Set([...before.keys(), ...after.keys()])]
    .map((path) => ({ path, leaves: [before.get(path), after.get(path)] }))
    .filter(({ leaves: [was, is] }) => was !== is)
}

const shown = (leaf: string | undefined): string | null => {
  if (leaf === undefined) return 'nothing'
  const value: unknown = JSON.parse(leaf)
  return typeof value !== 'string' || PRINTABLE.test(value) ? String(value) : null
}

/** Returns the values of an effect's facts by their path, each as JSON. */
export function leavesOf(decision: Effect | Verdict | null): Map<string, string> {
  const leaves = new Map<string, string>()
  const walk = (value: unknown, path: string) => {
    const isNode = typeof value === 'object' && value !== null && Object.keys(value).length > 0
    if (isNode) for (const [name, part] of Object.entries(value)) walk(part, path ? `${path}.${name}` : name)
    else if (value !== undefined) leaves.set(path, JSON.stringify(value))
  }
  // Dates are texts in the database.
  if (decision !== null && 'verb' in decision) walk(JSON.parse(JSON.stringify(decision.facts)), '')
  return leaves
}
