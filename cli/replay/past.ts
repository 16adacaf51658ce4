import type { Client } from 'pg'
import type { Player } from './play.ts'

/** Rows in one statement. */
const PAGE = 2_000

/** Reads what there was before: `$1` is the moment, `$2` the users. The order satisfies the foreign keys. */
const TABLES: { table: string; where: string; without?: string[]; set?: string }[] = [
  {
    table: 'wallets',
    // A wallet that a session or a request opened meanwhile comes by no delivery.
    where: `user_id = any ($2) and (created_at < $1 or exists (
      select from ledgerhook.users where id = user_id and provisioned_by <> 'webhook'))`,
    without: ['balance'],
    set: `jsonb_build_object('closed_at', case when closed_at < $1 then closed_at end)`,
  },
  {
    table: 'users',
    where: `id = any ($2) and (created_at < $1 or provisioned_by <> 'webhook')`,
    // Personal data is left out. Deliveries bring it, if they have it.
    without: ['email', 'email_verified', 'name', 'clerk_updated_at'],
    set: `jsonb_build_object('deactivated_at', case when deactivated_at < $1 then deactivated_at end)`,
  },
  { table: 'stripe_customers', where: 'user_id = any ($2)' },
  { table: 'payments', where: 'user_id = any ($2) and created_at < $1' },
  { table: 'invoice_payments', where: 'created_at < $1' },
  { table: 'stripe_prices', where: 'created_at < $1' },
  { table: 'plan_lines', where: 'created_at < $1' },
  {
    table: 'reversals',
    where: `created_at < $1 and stripe_payment_id in (
      select stripe_payment_id from ledgerhook.payments where user_id = any ($2) and payments.created_at < $1)`,
  },
  {
    table: 'credit_ledger',
    // No delivery depends on what was spent.
    where: `user_id = any ($2) and created_at < $1 and kind not in ('spend', 'spend_reversal')`,
    without: ['id', 'balance_after', 'reverses'],
  },
  { table: 'settled_facts', where: 'settled_at < $1' },
  { table: 'stripe_account', where: 'true' },
]

/**
 * Copies what the database knew about these users before a moment into empty databases. It leaves out subscriptions,
 * whose events contain the whole state, and personal data. `source` must be in a transaction.
 */
export async function copyPast(
  source: Client,
  players: Player[],
  since: Date,
  users: string[],
): Promise<void> {
  const [first] = (
    await source.query<{ at: Date }>('select min(applied_at) as at from ledgerhook.migrations')
  ).rows
  // The moment since which the signup bonus is granted.
  for (const { client } of players)
    await client.query('update ledgerhook.migrations set applied_at = $1', [first?.at])
  for (const one of TABLES) await copy(source, players, one, [since, users])
}

async function copy(
  source: Client,
  players: Player[],
  { table, where, without = [], set = `'{}'` }: (typeof TABLES)[number],
  [since, users]: [Date, string[]],
): Promise<void> {
  const order = (await columnsOf(source, table)).includes('id') ? 'id' : '1'
  // Postgres requires that the query uses each parameter, whatever the condition needs.
  await source.query(
    `declare past no scroll cursor for select (to_jsonb(row) || ${set})::text as row
     from ledgerhook.${table} row where ($1::timestamptz, $2::text[]) is not null and ${where} order by ${order}`,
    [since, users],
  )
  for (;;) {
    const { rows } = await source.query<{ row: string }>(`fetch ${PAGE} from past`)
    if (rows.length === 0) break
    const known = Object.keys(JSON.parse(rows[0]?.row ?? '{}'))
    for (const { client } of players) {
      const columns = (await columnsOf(client, table)).filter(
        (name) => known.includes(name) && !without.includes(name),
      )
      // The code of an older version does not have this table.
      if (columns.length === 0) continue
      await client.query(
        `insert into ledgerhook.${table} (${columns}) select ${columns}
         from jsonb_populate_recordset(null::ledgerhook.${table}, $1) on conflict do nothing`,
        [`[${rows.map(({ row }) => row)}]`],
      )
    }
  }
  await source.query('close past')
}

async function columnsOf(client: Client, table: string): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select attname::text as name from pg_attribute
     where attrelid = to_regclass($1) and attnum > 0 and not attisdropped`,
    [`ledgerhook.${table}`],
  )
  return rows.map(({ name }) => name)
}
