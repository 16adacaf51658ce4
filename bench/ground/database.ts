import pg from 'pg'

/** A connection that may break when the bench is interrupted: whatever runs on it fails then, and says so. */
export async function connectTo(url: string): Promise<pg.Client> {
  const client = new pg.Client(url)
  client.on('error', () => {})
  await client.connect()
  return client
}
