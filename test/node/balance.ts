import { query } from '../../local/postgres/query.ts'

/** Returns the credits of a user. NaN if there is no wallet. */
export async function balanceOf(databaseUrl: string, user: string): Promise<number> {
  const wallets = await query<{ balance: string }>(
    databaseUrl,
    'select balance from wallets where user_id = $1',
    [user],
  )
  return Number(wallets[0]?.balance)
}
