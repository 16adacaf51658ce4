import pg from 'pg'
import { counted } from '../../cli/shared/counted.ts'
import { type Explanation, inWords } from '../../src/ops/explain.ts'

/** A statement about the database, and whether it holds. */
export interface Proof {
  says: string
  holds: boolean
}

/** Returns what must hold after every story. */
export async function proofs(database: pg.Client, wallets: number): Promise<Proof[]> {
  return [...(await balances(database, wallets)), await explained(database), await appendOnly(database)]
}

async function balances(database: pg.Client, wallets: number): Promise<Proof[]> {
  const { rows } = await database.query<{
    user_id: string
    balance: string
    sum: string
    amounts: string | null
  }>(
    `select wallets.user_id, balance, coalesce(sum(amount), 0) as sum, string_agg(amount::text, ' + ' order by id) as amounts
     from ledgerhook.wallets left join ledgerhook.credit_ledger using (user_id) group by wallets.user_id order by user_id`,
  )
  const proofs = rows.map(({ user_id, balance, sum, amounts }) => ({
    says: `the balance of ${user_id} is the sum of its ledger: ${balance} = ${amounts?.replaceAll('+ -', '- ') ?? 'no entry'}`,
    holds: balance === sum,
  }))
  return [
    ...proofs,
    {
      says: `there ${rows.length === 1 ? 'is' : 'are'} ${counted(rows.length, 'wallet')}, one for each user`,
      holds: rows.length === wallets,
    },
  ]
}

/** Whether `npm run explain` explains every entry of every wallet. */
async function explained(database: pg.Client): Promise<Proof> {
  const { rows } = await database.query<{ told: Explanation; entries: string }>(
    `select ledgerhook.explain(jsonb_build_object('id', user_id)) as told,
       (select count(*) from ledgerhook.credit_ledger where credit_ledger.user_id = wallets.user_id) as entries from ledgerhook.wallets`,
  )
  const entries = rows.flatMap(({ told }) => told.entries)
  const holds = rows.every(
    ({ told, entries }) => told.entries.length === Number(entries) && told.sum === told.balance,
  )
  const plain = entries.every((entry) => !/null|undefined/.test(inWords(entry)))
  return {
    says: `explain has words for ${entries.length === 1 ? 'the 1 entry' : `each of the ${entries.length} entries`}`,
    holds: holds && plain,
  }
}

async function appendOnly(database: pg.Client): Promise<Proof> {
  try {
    await database.query('update ledgerhook.credit_ledger set amount = amount * 2')
    return { says: 'the owner of the database has changed the ledger', holds: false }
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error
    return { says: `the database refuses to change the ledger: "${error.message}"`, holds: true }
  }
}
