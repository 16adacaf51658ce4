import type { Client } from 'pg'

/** A row that differs between two databases, with the columns that differ. */
export interface DifferingRow {
  table: string
  id: string
  /** Empty if one of the two does not have the row. */
  columns: string[]
  /** For a wallet, the credits that deliveries have moved. */
  credits?: [number, number]
}

type Row = { id: string; user_id: string; content: Record<string, unknown> }

/** Reads what depends only on deliveries and not on a clock. Spends, grants and adjustments come by no delivery. */
const TABLES: Record<string, string> = {
  users: `select id, id as user_id, jsonb_build_object('email', email, 'email_verified', email_verified, 'name', name,
    'stripe_customer_id', stripe_customer_id, 'deactivated', deactivated_at is not null) as content
    from ledgerhook.users`,
  wallets: `select user_id as id, user_id, jsonb_build_object('closed', closed_at is not null, 'banned',
    banned_at is not null, 'credits', coalesce((select sum(amount) from ledgerhook.credit_ledger entry
      where entry.user_id = wallet.user_id
        and kind not in ('spend', 'spend_reversal', 'grant', 'adjustment')), 0)) as content
    from ledgerhook.wallets wallet`,
  subscriptions: `select id, user_id, jsonb_build_object('user_id', user_id, 'stripe_customer_id', stripe_customer_id,
    'stripe_price_id', stripe_price_id, 'plan_key', plan_key, 'status', status, 'current_period_end',
    current_period_end, 'cancel_at_period_end', cancel_at_period_end, 'cancel_at', cancel_at, 'ended_at', ended_at,
    'collection_paused', collection_paused) as content from ledgerhook.subscriptions`,
  reversals: `select reversals.id, user_id, jsonb_build_object('payment', stripe_payment_id, 'kind', kind, 'amount',
    reversals.amount, 'state', state) as content
    from ledgerhook.reversals join ledgerhook.payments using (stripe_payment_id)`,
}

/** The rows of each table by their id. */
export type Snapshot = Map<string, Map<string, Row>>

export async function readRows(client: Client): Promise<Snapshot> {
  const snapshot: Snapshot = new Map()
  for (const [table, sql] of Object.entries(TABLES)) {
    const { rows } = await client.query<Row>(sql)
    snapshot.set(table, new Map(rows.map((row) => [row.id, row])))
  }
  return snapshot
}

/** Compares the rows of users, wallets, subscriptions and reversals, for the users that `isMeant` selects. */
export function differingRows(
  base: Snapshot,
  now: Snapshot,
  isMeant: (user: string) => boolean = () => true,
): DifferingRow[] {
  return Object.keys(TABLES).flatMap((table) => {
    const [before, after] = [base.get(table), now.get(table)]
    const ids = [...new Set([...(before?.keys() ?? []), ...(after?.keys() ?? [])])].sort()
    return ids.flatMap((id) => {
      const [was, is] = [before?.get(id), after?.get(id)]
      const isOut = [was, is].some((row) => row && !isMeant(row.user_id))
      return isOut ? [] : (differingRow(table, id, was?.content, is?.content) ?? [])
    })
  })
}

function differingRow(
  table: string,
  id: string,
  was: Row['content'] | undefined,
  is: Row['content'] | undefined,
): DifferingRow | null {
  if (!was || !is) return { table, id, columns: [] }
  const columns = Object.keys(was).filter((name) => was[name] !== is[name])
  if (columns.length === 0) return null
  const credits: [number, number] = [Number(was.credits), Number(is.credits)]
  return { table, id, columns, ...(columns.includes('credits') && { credits }) }
}
