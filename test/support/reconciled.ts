import type { Pass, Walk } from '../../src/reconcile/pass.ts'
import { type Report, runPass } from '../../src/reconcile/run.ts'
import type { Difference } from '../../src/reconcile/words.ts'

/**
 * Runs one pass to its end, and returns all differences. A difference that is found again stays as it was first found,
 * as in the command.
 */
export async function reconciled(
  pass: Pass,
  walks: Walk[],
  pauseMs = 1,
): Promise<Report & { found: Difference[] }> {
  const found = new Map<string, Difference>()
  const keep = (more: Difference[]) => {
    for (const one of more) {
      const key = `${one.object} ${one.kind}`
      if (Number(one.fixed) > Number(found.get(key)?.fixed ?? -1)) found.set(key, one)
    }
  }
  const report = await runPass(pass, walks, keep, undefined, pauseMs)
  return { ...report, found: [...found.values()] }
}
