import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildName } from './build-name.ts'
import { readFunctions } from './migrate/functions.ts'
import { writeSdks } from './sdk/write.ts'
import { runCommand } from './shared/command.ts'
import { readFlags } from './shared/flags.ts'
import { projectDir } from './shared/project.ts'

const HELP = `
npm run stamp   writes what a build is made with: which functions it needs, its name, what it uses of two SDKs, and the
                files that the page /ops draws with. Every build, test and check runs it. It prints nothing.
`

const FILE = join(projectDir, 'src/ops/functions.gen.ts')

/** The files of uPlot with which the page draws its plots, by their names in the folder that is deployed. */
const PLOTS = { 'uplot.js': 'uPlot.iife.min.js', 'uplot.css': 'uPlot.min.css' }

/**
 * Writes the functions that this build needs (the Worker compares them with those of its database), the build's name,
 * and the SDKs that it is bundled with. Everything that bundles, checks or tests the sources calls it first. It does
 * not touch an unchanged file, so that a watcher does not restart.
 */
export async function stamp(): Promise<void> {
  const { hash, entryPoints } = readFunctions()
  const text = `// Written by cli/stamp.ts before each build. Never committed.
export const FUNCTIONS = {
  hash: '${hash}',
  entryPoints: [${entryPoints.map((name) => `\n    '${name}',`).join('')}
  ],
}
/** Names the build: see cli/stamp.ts. */
export const BUILD = '${buildName()}'
`
  writeChanged(FILE, text)
  for (const [name, file] of Object.entries(PLOTS))
    writeChanged(
      join(projectDir, 'assets/ops', name),
      readFileSync(join(projectDir, 'node_modules/uplot/dist', file), 'utf8'),
    )
  await writeSdks()
}

function writeChanged(file: string, text: string): void {
  if (!existsSync(file) || readFileSync(file, 'utf8') !== text) writeFileSync(file, text)
}

if (import.meta.main)
  await runCommand(async () => {
    readFlags(HELP, {})
    await stamp()
  })
