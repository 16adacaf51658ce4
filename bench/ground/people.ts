import { bulkLoad } from './bulk.ts'
import { connectTo } from './database.ts'
import { nameOf } from './providers.ts'

const TABLES = ['wallets', 'users', 'stripe_customers', 'payments', 'credit_ledger', 'subscriptions']

/**
 * Copies the rows of the first person to make this many people with other ids. The subscriptions of the first few
 * differ.
 */
export async function multiply(url: string, people: number, few: number): Promise<void> {
  const database = await connectTo(url)
  try {
    await bulkLoad(database, async () => {
      for (const table of TABLES)
        await database.query(likeThe(table), [
          table === 'subscriptions' ? Math.floor(people / 2) - 1 : people - 1,
        ])
    })
    await database.query(
      `select setval('ledgerhook.credit_ledger_id_seq', max(id)) from ledgerhook.credit_ledger`,
    )
    await database.query(`update ledgerhook.subscriptions set status = 'past_due' where id = any ($1)`, [
      Array.from({ length: few }, (_, n) => `sub_${nameOf(n)}`),
    ])
    await database.query('vacuum analyze')
  } finally {
    await database.end()
  }
}

/** Returns the rows of the first person, changed for the people from 1 on. */
const likeThe = (table: string) => `
  insert into ledgerhook.${table} overriding system value
  select other.* from ledgerhook.${table} row, generate_series(1, $1::int) n,
    jsonb_populate_record(row, replace(to_jsonb(row)::text, '${nameOf(0)}', 'b' || n || 'b')::jsonb
      || case '${table}' when 'credit_ledger' then jsonb_build_object('id', 1000 + n) else '{}' end) other`
