import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** The files that take longest, the longest first. If they began last, each would run alone at the end. */
export const LONGEST = [
  'test/node/bench.test.ts',
  'test/node/replay-check.test.ts',
  'test/node/documents-shell.test.ts',
  'test/node/demo.test.ts',
  'test/node/reconcile.test.ts',
  'test/node/engine-bulk.test.ts',
  'test/node/dev.test.ts',
  'test/gateway/postgres.test.ts',
  'test/browser/ops.test.ts',
  'test/worker/hostile.test.ts',
  'test/worker/plan-property.test.ts',
  'test/worker/reversal-rule.test.ts',
  'test/worker/engine-crossings.test.ts',
  'test/worker/engine-tasks.test.ts',
  'test/worker/reconcile.test.ts',
  'test/worker/reconcile-scheduled.test.ts',
  'test/worker/convergence.test.ts',
]

/** Orders the files of a Vitest project. A fresh clone has no recorded times. */
export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const projects = [...new Set(sorted.map(({ project }) => project))]
    return projects.flatMap((project) => {
      const own = sorted.filter((file) => file.project === project)
      const long = LONGEST.flatMap((name) => own.filter(({ moduleId }) => moduleId.endsWith(`/${name}`)))
      return [...long, ...own.filter((file) => !long.includes(file))]
    })
  }
}
