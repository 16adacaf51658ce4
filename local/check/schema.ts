import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { migrate } from '../../cli/migrate/run.ts'
import { printSchema, signatures } from '../../cli/schema/print.ts'
import { connectTo } from '../../cli/shared/database.ts'
import { projectDir } from '../../cli/shared/project.ts'
import { startTemporaryPostgres } from '../temporary-postgres.ts'
import { fileAt, MAIN } from './git.ts'

const PATH = 'schema.sql'
export const SCHEMA_FILE = join(projectDir, PATH)

const HEADER = `-- What the schema \`ledgerhook\` holds, printed from the catalogs of a database that \`npm run migrate\` has made: for its
-- diff to be read. \`npm run generate\` writes it, \`npm run check\` compares it. Functions are in src/*/*.sql.
`

/** Returns the text of schema.sql that the migrations and functions produce, on a temporary Postgres. */
export async function madeSchema(): Promise<string> {
  const postgres = await startTemporaryPostgres('schema')
  try {
    await migrate(postgres.url())
    return await schemaOf(postgres.url())
  } finally {
    await postgres.stop()
  }
}

/** Returns the text that schema.sql should have, of a migrated database. */
export async function schemaOf(url: string): Promise<string> {
  const client = await connectTo(url)
  try {
    return `${HEADER}\n${await printSchema(client)}`
  } finally {
    await client.end()
  }
}

/** Returns how schema.sql differs from the text that was made. */
export function schemaInStep(made: string): string[] {
  const committed = existsSync(SCHEMA_FILE) ? readFileSync(SCHEMA_FILE, 'utf8').replaceAll('\r\n', '\n') : ''
  if (committed === made) return []
  const lines = made.split('\n')
  const at = committed.split('\n').findIndex((line, i) => line !== lines[i])
  return [`schema.sql is not what migrations and functions make, from line ${at + 1} on: npm run generate`]
}

/**
 * Returns the functions whose parameters or result differ from the main branch. The deployed build calls them in that
 * form. A removed function does no harm, because `migrate` keeps it in the database.
 */
export function changedSignatures(made: string): string[] {
  const main = MAIN.map((ref) => fileAt(projectDir, ref, PATH)).find((text) => text !== undefined)
  const now = signatures(made)
  return [...signatures(main ?? '')].flatMap(([name, before]) => {
    const after = now.get(name) ?? before
    if (after === before) return []
    return `${name} has another signature than on main: give it a new name, and keep the old one for a release`
  })
}
