import pg from 'pg'

/** Opens a connection. It may break when the bench is interrupted; then the statement that runs on it fails. */
export async function connectTo(url: string): Promise<pg.Client> {
  const client = new pg.Client(url)
  client.on('error', () => {})
  await client.connect()
  return client
}
