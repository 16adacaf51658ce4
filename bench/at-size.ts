import { migrate } from '../cli/migrate/run.ts'
import { runCommand } from '../cli/shared/command.ts'
import { readFlags, wholeNumber } from '../cli/shared/flags.ts'
import { query } from '../local/postgres/query.ts'
import { startTemporaryPostgres } from '../local/temporary-postgres.ts'
import { ALERT_KINDS } from '../src/settings/alerts.ts'
import { OUTCOMES } from '../src/webhook/outcome.ts'
import { bulkLoad } from './ground/bulk.ts'
import { connectTo } from './ground/database.ts'

const HELP = `
npx node bench/at-size.ts [flags]     what a look at the alerts, and ten minutes of counting, read and take at size

  --settled 10000000      settled deliveries, of the last 90 days
  --waiting 1000000       parked ones, and as many that are rejected

Prints milliseconds, rows that were read by an index, and rows that were read by going through a table: none.
`

/** Rows of settled deliveries and of waiting ones, for each reason in turn. */
const FILL = `insert into ledgerhook.webhook_events (provider, event_id, type, outcome, reason, user_id, received_at, settled_at)
  select case when n % 3 = 0 then 'clerk' else 'stripe' end, $1 || n, 'invoice.paid', $1, ($2::text[])[1 + n % cardinality($2::text[])],
    'user_' || n % 100000, now() - n * interval '90 days' / $3, case when $1 <> 'parked' then now() end
  from generate_series(1, $3::integer) n`

const READ = `select sum(seq_tup_read)::bigint as walked, sum(idx_tup_fetch)::bigint as found
  from pg_stat_user_tables where schemaname = 'ledgerhook' and relname in ('webhook_events', 'waiting', 'rates', 'query_times')`

await runCommand(async () => {
  const text = { type: 'string' } as const
  const { values } = readFlags(HELP, { settled: text, waiting: text })
  const settled = wholeNumber(values.settled, '--settled', 1_000, 100_000_000) ?? 10_000_000
  const waiting = wholeNumber(values.waiting, '--waiting', 1_000, 100_000_000) ?? 1_000_000
  const postgres = await startTemporaryPostgres('at-size')
  try {
    await query(postgres.url('postgres'), 'create database at_size')
    await migrate(postgres.url('at_size'))
    await measure(postgres.url('at_size'), settled, waiting)
  } finally {
    await postgres.stop()
  }
})

async function measure(url: string, settled: number, waiting: number): Promise<void> {
  const [parked, rejected] = [Object.keys(OUTCOMES.parked), Object.keys(OUTCOMES.rejected)]
  const client = await connectTo(url)
  await bulkLoad(client, async () => {
    await client.query(FILL, ['applied', [null], settled])
    await client.query(FILL, ['parked', parked, waiting])
    await client.query(FILL, ['rejected', rejected, waiting])
  })
  await client.query('vacuum analyze')
  console.log(`${settled} settled, ${waiting} parked, ${waiting} rejected deliveries`)
  const rules = Object.entries(ALERT_KINDS).map(([name, { threshold, critical }]) => ({
    name,
    about: null,
    threshold,
    critical,
    after_min: 0,
  }))
  const facts = { rules, parked, rejected, reconciles: true, newest: null, tells: true }
  const bites: [string, object][] = [
    ['roll_up', { until: new Date(), tally: null }],
    ['check_alerts', facts],
    ['check_alerts', facts],
    ['read_rates', { hours: 24 }],
    ['deep_health', {}],
  ]
  for (const [name, given] of bites) {
    const before = await readSoFar(client)
    const startedAt = performance.now()
    await client.query(`select ledgerhook.${name}($1)`, [JSON.stringify(given)])
    const ms = Math.round(performance.now() - startedAt)
    const after = await readSoFar(client)
    console.log(
      `${name}: ${ms} ms, ${after.found - before.found} rows by an index, ${after.walked - before.walked} by a table`,
    )
  }
  await client.end()
}

async function readSoFar(client: Awaited<ReturnType<typeof connectTo>>) {
  await client.query('select pg_stat_force_next_flush()')
  await client.query('select pg_stat_clear_snapshot()')
  const { rows } = await client.query<{ walked: string; found: string }>(READ)
  return { walked: Number(rows[0]?.walked), found: Number(rows[0]?.found) }
}
