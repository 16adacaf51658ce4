import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import { runCommand } from '../cli/shared/command.ts'
import { LocalError } from '../cli/shared/errors.ts'
import { readFlags } from '../cli/shared/flags.ts'
import { projectDir } from '../cli/shared/project.ts'
import { madeSchema, SCHEMA_FILE } from './check/schema.ts'
import { seal } from './check/seals.ts'
import { drizzleKit } from './drizzle-kit.ts'
import { CLIENT_FILE, madeClient } from './openapi/client.ts'
import { DOCUMENT_FILE, madeDocument } from './openapi/openapi.ts'
import { madeTables, madeTableTypes, TABLE_TYPES_FILE, TABLES_FILE } from './tables.ts'

const HELP = `
npm run generate -- [flags]     writes a migration for changed tables, and everything that is made from the code:
                           schema.sql, the API's document, the client's types, and drizzle/index.js with its types

  --name WHAT          what changes, in a word or three: it becomes the name of the file
  --custom             an empty migration, to be written by hand: then run this again; give it a --name too

Functions (src/*/*.sql) need no migration: \`npm run migrate\` applies their files. Until a migration is committed it may
be edited, and this command seals it again.
`

await runCommand(async () => {
  const { values } = readFlags(HELP, {
    name: { type: 'string' },
    custom: { type: 'boolean', default: false },
  })
  process.chdir(projectDir)
  const before = migrationFiles()
  await generate(values)
  for (const file of migrationFiles()) if (!before.includes(file)) tidy(file)
  seal()
  writeFileSync(SCHEMA_FILE, await madeSchema())
  writeFileSync(CLIENT_FILE, await madeClient())
  writeFileSync(DOCUMENT_FILE, madeDocument())
  writeFileSync(TABLES_FILE, await madeTables())
  writeFileSync(TABLE_TYPES_FILE, madeTableTypes())
  const files = [SCHEMA_FILE, CLIENT_FILE, DOCUMENT_FILE, TABLES_FILE, TABLE_TYPES_FILE]
  const written = files.map((file) => relative(projectDir, file))
  console.log(`${written.join(', ')} are written: read their diffs`)
})

function migrationFiles(): string[] {
  return globSync('migrations/*.sql')
}

async function generate({ name, custom }: { name?: string | undefined; custom: boolean }): Promise<void> {
  const args = [...(name === undefined ? [] : ['--name', name]), ...(custom ? ['--custom'] : [])]
  // It asks whether a column was renamed.
  const generated = await drizzleKit(['generate', ...args], { stdin: 'inherit' })
  if (!generated) throw new LocalError('drizzle-kit did not generate, see above')
}

/**
 * Makes a migration replace views instead of dropping them: a dropped view loses its grants, and Postgres refuses to
 * drop it if an app has a view on it. The schema itself is created by `npm run migrate`.
 */
function tidy(file: string): void {
  const text = readFileSync(file, 'utf8')
  const statements = text
    .split('--> statement-breakpoint\n')
    .filter((statement) => !/^\s*DROP VIEW /.test(statement))
  const replaced = statements.map((statement) =>
    statement.replace(/^CREATE VIEW /, 'CREATE OR REPLACE VIEW ').replace(/^CREATE SCHEMA [^;]*;\s*/, ''),
  )
  writeFileSync(file, replaced.join('--> statement-breakpoint\n'))
}
