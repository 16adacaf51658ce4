import worker from '../../src/index.ts'
import { tasks } from '../../src/ops/tasks.ts'
import { type Env, query, settings } from './support.ts'

const TASKS = tasks.map(({ name }) => name)

/** Starts one scheduled run as Cloudflare does: it runs what is due, and nothing is made due for it. */
export async function scheduled(env: Env = {}): Promise<void> {
  await worker.scheduled({ scheduledTime: Date.now() }, { ...settings, ...env })
}

/** Makes these tasks due, even if they are leased. */
export async function makeDue(...names: string[]): Promise<void> {
  await query(`insert into tasks (name) select unnest($1::text[]) on conflict do nothing`, [names])
  await query(
    `update tasks set leased_until = null, next_at = now() - interval '1 second' where name = any ($1)`,
    [names],
  )
}

/** Makes only these tasks due. */
export async function makeOnlyDue(...names: string[]): Promise<void> {
  await query(`insert into tasks (name) select unnest($1::text[]) on conflict do nothing`, [TASKS])
  await query(
    `update tasks set leased_until = null, failures = 0, next_at = now() + interval '1 hour' where name <> all ($1)`,
    [names],
  )
  await makeDue(...names)
}

/**
 * Runs all of these, this many at a time, and returns the results in order. Each is followed by a pause in which timers
 * can run: in an isolate that is never idle, the Worker's own timers would wait for seconds.
 */
export async function atOnce<T>(number: number, acts: (() => Promise<T>)[]): Promise<T[]> {
  const results: T[] = []
  let next = 0
  const line = async () => {
    while (next < acts.length) {
      const turn = next++
      results[turn] = (await acts[turn]?.()) as T
      await new Promise((resolve) => setTimeout(resolve))
    }
  }
  await Promise.all(Array.from({ length: number }, line))
  return results
}

/**
 * Returns the number of deadlocks that Postgres has broken in this file's database, on all connections. Each connection
 * reports them when it ends.
 */
export async function deadlocks(): Promise<number> {
  const others = `from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
    and backend_type = 'client backend'`
  await query(`select pg_terminate_backend(pid, 5000) ${others} and usename <> current_user`)
  await query(`select pg_terminate_backend(pid, 5000) ${others}`)
  await query('select pg_stat_force_next_flush()')
  const [row] = await query<{ deadlocks: string }>(
    'select deadlocks from pg_stat_database where datname = current_database()',
  )
  return Number(row?.deadlocks)
}

/** Returns wallets whose balance is not the sum of their entries, and payments that were credited twice. */
export async function wrongBalances() {
  return await query(`
    select wallets.user_id as about from wallets left join credit_ledger entry using (user_id)
    group by wallets.user_id having max(wallets.balance) <> coalesce(sum(entry.amount), 0)
    union all
    select stripe_payment_id from credit_ledger where kind = 'purchase' group by 1 having count(*) > 1`)
}

/** Returns the lines that the Worker logs while `act` runs. */
export async function logged(act: () => Promise<unknown>): Promise<Record<string, unknown>[]> {
  const lines: Record<string, unknown>[] = []
  const write = console.log
  console.log = (line: string) => lines.push(JSON.parse(line))
  try {
    await act()
  } finally {
    console.log = write
  }
  return lines
}

/** Returns the number of rows of a table. */
export async function count(table: string, where = 'true', params: unknown[] = []): Promise<number> {
  const [row] = await query<{ count: string }>(`select count(*) from ${table} where ${where}`, params)
  return Number(row?.count)
}
