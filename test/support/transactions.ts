import { randomUUID } from 'node:crypto'
import { Client } from 'pg'
import { query } from '../../local/postgres/query.ts'
import { until } from '../../local/until.ts'

const DEADLINE_MS = 10_000

/** A statement and its parameters. */
export type Statement = [string, unknown[]]

interface Backend {
  waits_for: string | null
  state: string
  query: string
}

/** Transactions that tests hold open, and a way to see what waits for them. */
export function heldTransactions() {
  const held = new Map<string, Client>()

  return {
    /** Opens a transaction, runs the statements in it and keeps it open. */
    async hold({ databaseUrl, statements }: { databaseUrl: string; statements: Statement[] }) {
      const client = new Client(databaseUrl)
      await client.connect()
      await client.query('begin')
      for (const [statement, params] of statements) await client.query(statement, params)
      const id = randomUUID()
      held.set(id, client)
      return { id }
    },

    async release(id: string) {
      const client = held.get(id)
      held.delete(id)
      await client?.query('commit')
      await client?.end()
      return {}
    },

    /**
     * Resolves once this many backends of the database wait for a lock. Otherwise throws an error that says what they
     * do.
     */
    async waiting({ databaseUrl, count }: { databaseUrl: string; count: number }) {
      let backends: Backend[] = []
      const wait = async () => {
        backends = await query<Backend & Record<string, unknown>>(databaseUrl, BACKENDS)
        return backends.filter(({ waits_for }) => waits_for === 'Lock').length >= count
      }
      if (await until(wait, DEADLINE_MS)) return {}
      const seen = backends.map(({ waits_for, state, query }) => `${state}, waits for ${waits_for}: ${query}`)
      const expected = `${count} backend${count === 1 ? '' : 's'} to wait for a lock within ${DEADLINE_MS} ms`
      throw new Error([`expected ${expected}; there are`, ...seen].join('\n'))
    },

    async stop() {
      for (const client of held.values()) await client.end()
    },
  }
}

const BACKENDS = `select wait_event_type as waits_for, state, left(query, 100) as query from pg_stat_activity
  where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`
