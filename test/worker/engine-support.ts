import worker from '../../src/index.ts'
import { tasks } from '../../src/ops/tasks.ts'
import { type Env, query, settings } from './support.ts'

const TASKS = tasks.map(({ name }) => name)

/** One scheduled run as Cloudflare starts it: what is due, and nothing that is made due for it. */
export async function scheduled(env: Env = {}): Promise<void> {
  await worker.scheduled({ scheduledTime: Date.now() }, { ...settings, ...env })
}

/** Makes these tasks due, whoever may have leased them. */
export async function makeDue(...names: string[]): Promise<void> {
  await query(`insert into tasks (name) select unnest($1::text[]) on conflict do nothing`, [names])
  await query(
    `update tasks set leased_until = null, next_at = now() - interval '1 second' where name = any ($1)`,
    [names],
  )
}

/** Makes these tasks due, and no other. */
export async function makeOnlyDue(...names: string[]): Promise<void> {
  await query(`insert into tasks (name) select unnest($1::text[]) on conflict do nothing`, [TASKS])
  await query(
    `update tasks set leased_until = null, failures = 0, next_at = now() + interval '1 hour' where name <> all ($1)`,
    [names],
  )
  await makeDue(...names)
}

/**
 * Does all of this, so many at a time, and returns the results in the order of what was to be done. Each has a pause
 * after it, in which timers have their turn: an isolate that is never idle would let the Worker's own wait for seconds.
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

/** Deadlocks that Postgres has broken in this file's database, those of every connection: each tells of them when it ends. */
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

/** Wallets whose balance is not the sum of their entries, and payments whose credits were given twice. */
export async function wrongBalances() {
  return await query(`
    select wallets.user_id as about from wallets left join credit_ledger entry using (user_id)
    group by wallets.user_id having max(wallets.balance) <> coalesce(sum(entry.amount), 0)
    union all
    select stripe_payment_id from credit_ledger where kind = 'purchase' group by 1 having count(*) > 1`)
}

/** The lines that the Worker logs while `act` runs. */
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

/** How many rows of a table are there. */
export async function count(table: string, where = 'true', params: unknown[] = []): Promise<number> {
  const [row] = await query<{ count: string }>(`select count(*) from ${table} where ${where}`, params)
  return Number(row?.count)
}
