import { rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { projectDir, tools } from '../../cli/shared/project.ts'
import { makeScratchDir } from '../scratch.ts'
import { nameFailures } from './failures.ts'
import { migrationsInStep } from './migrations.ts'
import { reasonsOf, runTool } from './run-tool.ts'

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
    {
      name: 'format',
      says: 'format and lint',
      run: () => passes(LINTED, tools.biome, 'ci', ...colors(), '.'),
    },
    {
      name: 'types',
      says: 'types',
      run: () => passes(TYPED, tools.tsc, '--noEmit', '--pretty', 'false', '--project', '.'),
    },
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

/** The lines of Biome that name a file and a rule, and those of the compiler that name a file and an error. */
const LINTED = /^([^\s:]+(?::\d+:\d+)? (?:format|lint|assist|parse|suppressions)[\w/]*)/
const TYPED = /^(\S.*: error TS\d+: .*)/

const colors = () => (process.stdout.isTTY ? ['--colors=force'] : [])

async function passes(pattern: RegExp, script: string, ...args: string[]): Promise<boolean> {
  const reasons = await reasonsOf(pattern, script, ...args)
  nameFailures(reasons)
  return reasons.length === 0
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
