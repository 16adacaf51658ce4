import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * The folder of this project. Files of the person at the keyboard (`.dev.vars`, `.local`) are in the current directory.
 */
export const projectDir = fileURLToPath(new URL('../..', import.meta.url))

/**
 * The arguments with which Node runs an installed tool. It uses neither a shell nor `.bin`, which differs on Windows.
 */
export const tools = {
  biome: join(projectDir, 'node_modules/@biomejs/biome/bin/biome'),
  drizzleKit: join(projectDir, 'node_modules/drizzle-kit/bin.cjs'),
  tsc: join(projectDir, 'node_modules/typescript/bin/tsc'),
  vitest: join(projectDir, 'node_modules/vitest/vitest.mjs'),
  wrangler: join(projectDir, 'node_modules/wrangler/bin/wrangler.js'),
}
