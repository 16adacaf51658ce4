import { NeonDbError } from '@neondatabase/serverless'
import type { Database } from '../../src/db.ts'
import { connectTo } from './database.ts'

/**
 * Opens the database in the form that the Worker's code uses, over one connection of the owner. The caller ends it.
 * Throws a LocalError.
 */
export async function openDatabase(url: string): Promise<Database & { end(): Promise<void> }> {
  let client = await connectTo(url)
  return {
    async query<Row>(text: string, parameters: string[] = []) {
      try {
        return (await client.query(text, parameters)).rows as Row[]
      } catch (error) {
        const { code } = error as { code?: string }
        const failed = new NeonDbError('the database refuses')
        // A broken connection has no SQLSTATE. The code opens another one and sends the statement again.
        failed.code = code && /^[0-9A-Z]{5}$/.test(code) ? code : '08006'
        if (failed.code.startsWith('08')) client = await connectTo(url)
        throw failed
      }
    },
    end: async () => await client.end().catch(() => {}),
  }
}
