import pg from 'pg'

/** Runs one statement on a connection of its own, without a gateway, and returns its rows. */
export async function query<Row extends pg.QueryResultRow = Record<string, unknown>>(
  databaseUrl: string,
  statement: string,
  params: unknown[] = [],
): Promise<Row[]> {
  const client = new pg.Client(databaseUrl)
  // Without a listener, the end of Postgres would end this process. The statement fails with the same error.
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query<Row>(statement, params)).rows
  } finally {
    await client.end().catch(() => {})
  }
}

/** Creates a database as a copy of another one. `adminUrl` names a third database of the same Postgres. */
export async function createDatabase(adminUrl: string, name: string, template = 'template1'): Promise<void> {
  await query(
    adminUrl,
    `create database ${pg.escapeIdentifier(name)} template ${pg.escapeIdentifier(template)}`,
  )
}
