import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { tools } from '../../cli/shared/project.ts'
import { run } from './command.ts'
import { documents, read } from './house/sources.ts'

/** The code around the code of a document: your app's own. */
const AROUND = `
declare const LEDGERHOOK: string
declare const SERVICE_TOKEN: string
declare const getToken: () => Promise<string | null>
declare const userId: string
declare const imageId: string
declare const sessionId: string
declare const db: import('drizzle-orm/node-postgres').NodePgDatabase
declare const eq: typeof import('drizzle-orm').eq
declare const pgTable: typeof import('drizzle-orm/pg-core').pgTable
declare const text: typeof import('drizzle-orm/pg-core').text
`

const CONFIG = {
  extends: '../../tsconfig.json',
  compilerOptions: { lib: ['es2024', 'dom', 'dom.iterable'], types: [], noUnusedLocals: false },
  include: ['*.ts'],
}

/** Returns the blocks of TypeScript that use our exports, each with its place. */
const blocks = documents.flatMap((path) =>
  [...read(path).matchAll(/^```ts\n(.*?)^```$/gms)]
    .filter(([, code = '']) => code.includes("from 'ledgerhook/"))
    .map(({ 1: code = '', index }) => ({
      where: `${path}:${read(path).slice(0, index).split('\n').length}`,
      code,
    })),
)

it('what the documents show of the client and of the tables is right, for the compiler', async () => {
  expect(blocks.length).toBeGreaterThan(2)
  // Inside the project, where the package's own name resolves to its exports.
  mkdirSync('.local', { recursive: true })
  const dir = mkdtempSync(join('.local', 'documents-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  writeFileSync(join(dir, 'around.d.ts'), AROUND)
  writeFileSync(join(dir, 'tsconfig.json'), JSON.stringify(CONFIG))
  for (const { where, code } of blocks)
    writeFileSync(join(dir, `${where.replaceAll(/[/.:]/g, '-')}.ts`), `${code}\nexport {}\n`)
  const { code, output } = await run(tools.tsc, ['--noEmit', '--pretty', 'false', '--project', '.'], dir)
  expect([code, output]).toEqual([0, ''])
})
