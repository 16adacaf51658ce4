import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The directory of this project. The user's own files (`.dev.vars`, `.local`) are in the current directory. */
export const projectDir = fileURLToPath(new URL('..', import.meta.url))

/** The scripts of the installed tools, for Node to run. `.bin` is not used: on Windows it holds other files. */
export const tools = {
  biome: join(projectDir, 'node_modules/@biomejs/biome/bin/biome'),
  drizzleKit: join(projectDir, 'node_modules/drizzle-kit/bin.cjs'),
  tsc: join(projectDir, 'node_modules/typescript/bin/tsc'),
  vitest: join(projectDir, 'node_modules/vitest/vitest.mjs'),
  wrangler: join(projectDir, 'node_modules/wrangler/bin/wrangler.js'),
}
