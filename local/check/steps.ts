import { cpSync, globSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { projectDir, tools } from '../project.ts'
import { changedVerbs } from '../verbs.ts'
import { runTool } from './run-tool.ts'

export interface Step {
  name: string
  says: string
  /** Whether it passed; what is wrong has been printed. */
  run(): Promise<boolean>
}

/** Everything that must hold before a commit, the quick ones first. `report`: a file for vitest's results, as JSON. */
export function steps(report: string | undefined): Step[] {
  const reporters = report ? ['--reporter=default', '--reporter=json', `--outputFile=${report}`] : []
  return [
    { name: 'format', says: 'format and lint', run: () => runTool(tools.biome, 'ci', '.') },
    { name: 'types', says: 'types', run: () => runTool(tools.tsc, '--noEmit', '--project', '.') },
    { name: 'migrations', says: 'migrations agree with tables and verbs', run: migrationsInStep },
    { name: 'tests', says: 'tests', run: () => runTool(tools.vitest, 'run', ...reporters) },
    { name: 'bundle', says: 'wrangler deploy --dry-run', run: bundle },
  ]
}

async function migrationsInStep(): Promise<boolean> {
  const verbs = changedVerbs().map((verb) => verb.path)
  if (verbs.length > 0) console.log(`changed since the newest migration: ${verbs.join(', ')}`)
  const results = [verbs.length === 0, await runTool(tools.drizzleKit, 'check'), await tablesInStep()]
  return results.every(Boolean)
}

/** Lets drizzle-kit generate into a copy, which is thrown away: nothing new in it means nothing is missing. */
async function tablesInStep(): Promise<boolean> {
  mkdirSync('.local', { recursive: true })
  const copy = mkdtempSync(join('.local', 'migrations-'))
  try {
    cpSync('migrations', copy, { recursive: true })
    // drizzle-kit takes a relative directory only.
    const generate = ['generate', '--dialect', 'postgresql', '--schema', './src/*/schema.ts', '--out', copy]
    const generated = await runTool(tools.drizzleKit, ...generate)
    const missing = globSync(join(copy, '*.sql')).length - globSync('migrations/*.sql').length
    if (missing > 0) console.log('a table has changed since the newest migration: `npm run generate`')
    return generated && missing === 0
  } finally {
    rmSync(copy, { recursive: true })
  }
}

async function bundle(): Promise<boolean> {
  const outDir = mkdtempSync(join(tmpdir(), 'ledgerhook-bundle-'))
  try {
    return await runTool(tools.wrangler, 'deploy', '--dry-run', '--outdir', relative(projectDir, outDir))
  } finally {
    rmSync(outDir, { recursive: true })
  }
}
