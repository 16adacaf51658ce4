import type { Client } from 'pg'
import { FUNCTIONS, GRANTS, TABLES, TYPES, VIEWS } from './catalog.ts'

/**
 * Returns the contents of a schema of this database as SQL for people. The order depends only on names. For functions
 * it has only the signatures, because their bodies are the files in src.
 */
export async function printSchema(client: Client, schema = 'ledgerhook'): Promise<string> {
  // Postgres prints names with their schema unless it is on the search path.
  const { rows: before } = await client.query<{ path: string }>(
    `select current_setting('search_path') as path, set_config('search_path', 'pg_catalog', false)`,
  )
  try {
    const parts: string[] = []
    for (const query of [TYPES, TABLES, VIEWS, FUNCTIONS, GRANTS]) {
      const { rows } = await client.query<{ text: string }>(query, [schema])
      parts.push(...rows.map(({ text }) => text))
    }
    return `${parts.join('\n\n')}\n`
  } finally {
    await client.query(`select set_config('search_path', $1, false)`, [before[0]?.path])
  }
}

/** Returns the signatures and return types of the functions in a printed schema, by name. */
export function signatures(printed: string): Map<string, string> {
  const lines = [...printed.matchAll(/^create function ([^(]+)(\(.*)$/gm)]
  return new Map(lines.map(([, name = '', signature = '']) => [name, signature]))
}
