import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readFunctions } from './migrate/functions.ts'
import { runCommand } from './shared/command.ts'
import { projectDir } from './shared/project.ts'

const FILE = join(projectDir, 'src/ops/functions.gen.ts')

/**
 * Writes which functions this build needs, for the Worker to compare with what its database has. Whatever bundles,
 * checks or tests the sources calls it first. An unchanged file is left alone, so that nobody who watches it starts
 * again.
 */
export function stamp(): void {
  const { hash, entryPoints } = readFunctions()
  const text = `// Written by cli/stamp.ts from src/*/*.sql, before each build. Never committed.
export const FUNCTIONS = {
  hash: '${hash}',
  entryPoints: [${entryPoints.map((name) => `\n    '${name}',`).join('')}
  ],
}
`
  if (!existsSync(FILE) || readFileSync(FILE, 'utf8') !== text) writeFileSync(FILE, text)
}

if (import.meta.main) await runCommand(stamp)
