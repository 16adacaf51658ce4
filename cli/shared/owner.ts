import { NeonDbError } from '@neondatabase/serverless'
import type { Database } from '../../src/db.ts'
import { connectTo } from './database.ts'

/** The database as the Worker's code knows it, over one connection of the owner. The caller ends it. Throws a LocalError. */
export async function openDatabase(url: string): Promise<Database & { end(): Promise<void> }> {
  let client = await connectTo(url)
  return {
    async query<Row>(text: string, parameters: string[] = []) {
      try {
        return (await client.query(text, parameters)).rows as Row[]
      } catch (error) {
        const { code } = error as { code?: string }
        const failed = new NeonDbError('the database refuses')
        // A connection that broke has no code. Another one is opened, and the statement is sent again.
        failed.code = code && /^[0-9A-Z]{5}$/.test(code) ? code : '08006'
        if (failed.code.startsWith('08')) client = await connectTo(url)
        throw failed
      }
    },
    end: async () => await client.end().catch(() => {}),
  }
}
