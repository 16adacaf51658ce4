import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { build } from 'esbuild'
import ts from 'typescript-5'
import { projectDir, tools } from '../cli/shared/project.ts'

const SOURCE = join(projectDir, 'drizzle/tables.ts')
export const TABLES_FILE = join(projectDir, 'drizzle/index.js')
export const TABLE_TYPES_FILE = join(projectDir, 'drizzle/index.d.ts')

const HEADER = `// Made from drizzle/tables.ts: \`npm run generate\` writes this file, and \`npm run check\` compares it.

`

/**
 * Returns the text of drizzle/index.js. Apps need JavaScript, because Node.js compiles no TypeScript in
 * \`node_modules\`.
 */
export async function madeTables(): Promise<string> {
  // The bundler that wrangler uses.
  const esbuild = createRequire(tools.wrangler)('esbuild') as { build: typeof build }
  const { outputFiles } = await esbuild.build({
    entryPoints: [SOURCE],
    absWorkingDir: projectDir,
    bundle: true,
    packages: 'external',
    format: 'esm',
    target: 'es2022',
    write: false,
  })
  return HEADER + (outputFiles[0]?.text ?? '')
}

/** Returns the text of drizzle/index.d.ts. It imports only drizzle-orm, and needs no compiler option in the app. */
export function madeTableTypes(): string {
  const program = ts.createProgram([SOURCE], {
    declaration: true,
    emitDeclarationOnly: true,
    allowImportingTsExtensions: true,
    skipLibCheck: true,
    strict: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    lib: ['lib.es2022.d.ts'],
    types: [],
  })
  let types = ''
  program.emit(program.getSourceFile(SOURCE), (_, text) => {
    types = text
  })
  return HEADER + types
}
