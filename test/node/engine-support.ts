import pg from 'pg'
import { inject } from 'vitest'
import { randomId } from '../../local/ids.ts'
import { until } from '../../local/until.ts'
import type { Stack } from '../support/control.ts'

/** Makes a database for the file, with connections of the owner, whose search path has our schema. */
export async function ownDatabase() {
  const response = await fetch(`${inject('control')}/stack`, { method: 'POST' })
  const stack = (await response.json()) as Stack
  const { databaseUrl } = stack
  const clients: pg.Client[] = []
  async function connect(): Promise<Connection> {
    const client = new pg.Client(databaseUrl)
    client.on('error', () => {})
    await client.connect()
    clients.push(client)
    return connection(client)
  }
  const owner = await connect()

  return {
    ...stack,
    owner,
    connect,
    /** Resolves once this connection waits for a lock. */
    async waits(connection: Connection): Promise<void> {
      const look = `select from pg_stat_activity where pid = $1 and wait_event_type = 'Lock'`
      const waiting = async () => (await owner.rows(look, [await connection.pid])).length > 0
      if (!(await until(waiting, 10_000))) throw new Error('it waits for no lock')
    },
    /**
     * Returns the number of deadlocks that Postgres has broken here, on all connections. Each connection reports them
     * when it ends.
     */
    async deadlocks(): Promise<number> {
      await owner.rows(`select pg_terminate_backend(pid, 5000) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`)
      await owner.rows('select pg_stat_force_next_flush()')
      const look = 'select deadlocks from pg_stat_database where datname = current_database()'
      return Number((await owner.rows<{ deadlocks: string }>(look))[0]?.deadlocks)
    },
    async stop(): Promise<void> {
      for (const client of clients) await client.end().catch(() => {})
    },
  }
}

export type Connection = ReturnType<typeof connection>

function connection(client: pg.Client) {
  const rows = async <Row extends pg.QueryResultRow = Record<string, unknown>>(
    text: string,
    params: unknown[] = [],
  ) => (await client.query<Row>(text, params)).rows
  return {
    client,
    rows,
    pid: rows<{ pid: number }>('select pg_backend_pid() as pid').then(([row]) => row?.pid ?? 0),
    /** Calls one of our functions that takes facts. */
    async call<Answer = Record<string, unknown>>(name: string, facts: object): Promise<Answer> {
      const [row] = await rows<{ answer: Answer }>(`select ${name}($1) as answer`, [JSON.stringify(facts)])
      return row?.answer as Answer
    },
    /** Calls a verb, as a delivery of a new event does. */
    async verb<Answer = Record<string, unknown>>(
      name: string,
      facts: object,
      delivery: object = {},
    ): Promise<Answer> {
      const envelope = {
        provider: 'stripe',
        event_id: randomId('evt'),
        via: 'webhook',
        body: '{}',
        erase: false,
      }
      const given = [JSON.stringify({ ...envelope, ...delivery }), JSON.stringify(facts)]
      const [row] = await rows<{ answer: Answer }>(`select ${name}($1, $2) as answer`, given)
      return row?.answer as Answer
    },
  }
}

/** Facts of a user at Clerk, and of an invoice of a customer that brings 100 credits. */
export const claimOf = (user_id: string) => ({
  user_id,
  email: `${user_id}@example.com`,
  email_verified: true,
  updated_at: '2026-05-01T12:00:00Z',
  created_at: '2026-05-01T12:00:00Z',
  signup_bonus: 0,
})
export const invoiceOf = (stripe_customer_id: string, stripe_invoice_id: string) => ({
  stripe_invoice_id,
  stripe_subscription_id: `sub_${stripe_invoice_id}`,
  stripe_customer_id,
  amount: 2000,
  currency: 'usd',
  grants: [{ period_start: 1_777_000_000, credits: 100 }],
})

/** A node of a plan, as Postgres explains it. */
interface Plan {
  'Node Type': string
  'Relation Name'?: string
  'Index Name'?: string
  'Index Cond'?: string
  Plans?: Plan[]
}

/**
 * Collects the nodes of every plan that runs on this connection from now on, including those of statements inside
 * functions.
 */
export async function watchPlans({ client, rows }: Connection): Promise<Plan[]> {
  const nodes: Plan[] = []
  const flatten = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(flatten)]
  client.on('notice', ({ message = '' }) => {
    const [, plan] = /^duration: .*? plan:\n(.*)$/s.exec(message) ?? []
    if (plan) nodes.push(...flatten(JSON.parse(plan).Plan))
  })
  await rows(`load 'auto_explain'`)
  for (const setting of ['min_duration = 0', `format = 'json'`, `level = 'notice'`])
    await rows(`set auto_explain.log_${setting}`)
  await rows('set auto_explain.log_nested_statements = on')
  return nodes
}

/** The first column, or expression, of every index. */
export async function leadingColumns({ rows }: Connection): Promise<Map<string, string>> {
  const indexes = await rows<{ name: string; leading: string }>(
    `select relname as name, pg_get_indexdef(indexrelid, 1, true) as leading
     from pg_index join pg_class on pg_class.oid = indexrelid where relnamespace = 'ledgerhook'::regnamespace`,
  )
  return new Map(indexes.map(({ name, leading }) => [name, leading]))
}

/** Returns the tables and indexes that are read completely to find some of their rows. */
export const scansOf = (nodes: Plan[], leading: Map<string, string>) =>
  nodes
    .filter((node) => / Scan$/.test(node['Node Type']))
    .flatMap(
      ({ 'Node Type': type, 'Relation Name': table, 'Index Name': index, 'Index Cond': condition }) => {
        if (index) return condition?.includes(leading.get(index) ?? '?') ? [] : [index]
        return type === 'Seq Scan' && table ? [table] : []
      },
    )
