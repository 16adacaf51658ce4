import { rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { projectDir, tools } from '../../cli/shared/project.ts'
import { makeScratchDir } from '../scratch.ts'
import { migrationsInStep } from './migrations.ts'
import { runTool } from './run-tool.ts'

export interface Step {
  name: string
  says: string
  /** Whether it passed; what is wrong has been printed. */
  run(): Promise<boolean>
  /** Whether it is a part of another step, which `--only` can run. */
  isPart?: true
}

/** Names what failed, for the end of the output. */
const FAILURES = `--reporter=${join(projectDir, 'local/check/failures.ts')}`

/** Prints the progress and how long the tests take. */
const PROGRESS = `--reporter=${join(projectDir, 'local/check/progress.ts')}`

/**
 * Returns the steps that must pass before a commit, the quick ones first. `report`: a file for Vitest's results, as
 * JSON.
 */
export function steps(report?: string): Step[] {
  const json = report ? ['--reporter=json', `--outputFile=${report}`] : []
  return [
    { name: 'format', says: 'format and lint', run: () => runTool(tools.biome, 'ci', '.') },
    { name: 'types', says: 'types', run: () => runTool(tools.tsc, '--noEmit', '--project', '.') },
    { name: 'migrations', says: 'migrations, tables and schema.sql agree', run: migrationsInStep },
    {
      name: 'house',
      says: 'rules of the house',
      run: () => runTool(tools.vitest, 'run', 'test/node/house', '--reporter=dot', FAILURES),
      isPart: true,
    },
    {
      name: 'tests',
      says: 'tests',
      run: () => runTool(tools.vitest, 'run', '--reporter=default', PROGRESS, FAILURES, ...json),
    },
    { name: 'bundle', says: 'wrangler deploy --env production --dry-run', run: bundle },
  ]
}

async function bundle(): Promise<boolean> {
  const outDir = makeScratchDir('bundle')
  try {
    return await runTool(
      tools.wrangler,
      'deploy',
      '--env',
      'production',
      '--dry-run',
      '--outdir',
      relative(projectDir, outDir),
    )
  } finally {
    rmSync(outDir, { recursive: true })
  }
}
