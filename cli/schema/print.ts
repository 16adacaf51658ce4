import type { Client } from 'pg'
import { FUNCTIONS, GRANTS, TABLES, TYPES, VIEWS } from './catalog.ts'

/**
 * Returns what a schema of this database holds, as SQL to read: in an order that depends on names alone, and of
 * functions the signatures only, because their bodies are the files in src.
 */
export async function printSchema(client: Client, schema = 'ledgerhook'): Promise<string> {
  // Names are printed with their schema unless it is on the path.
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

/** Returns the signature of each function in a printed schema by its name, with what it returns. */
export function signatures(printed: string): Map<string, string> {
  const lines = [...printed.matchAll(/^create function ([^(]+)(\(.*)$/gm)]
  return new Map(lines.map(([, name = '', signature = '']) => [name, signature]))
}
