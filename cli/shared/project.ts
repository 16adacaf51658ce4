import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Where this project is. What belongs to the person at the keyboard (`.dev.vars`, `.local`) is in the current directory. */
export const projectDir = fileURLToPath(new URL('../..', import.meta.url))

/** The arguments that have Node run an installed tool. No shell and no `.bin`, which is another thing on Windows. */
export const tools = {
  biome: join(projectDir, 'node_modules/@biomejs/biome/bin/biome'),
  drizzleKit: join(projectDir, 'node_modules/drizzle-kit/bin.cjs'),
  tsc: join(projectDir, 'node_modules/typescript/bin/tsc'),
  vitest: join(projectDir, 'node_modules/vitest/vitest.mjs'),
  wrangler: join(projectDir, 'node_modules/wrangler/bin/wrangler.js'),
}
