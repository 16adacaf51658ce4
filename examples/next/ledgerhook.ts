import 'server-only'
import { createClient, type LedgerhookClient } from 'ledgerhook/client'
import { settings } from './settings'

/** Returns a client for your backend. Its token has no business in a browser. */
function ledgerhook(): LedgerhookClient {
  const { LEDGERHOOK_URL, SERVICE_TOKEN } = settings()
  return createClient({ url: LEDGERHOOK_URL, token: SERVICE_TOKEN })
}

type Spent = 'taken' | 'too_few_credits' | 'given_back'

/**
 * Takes credits once per key. `given_back`: an earlier call with this key took them, and its work failed.
 * @throws if it is not known whether they were taken: send it again
 */
export async function spend(user_id: string, amount: number, idempotency_key: string): Promise<Spent> {
  const body = { user_id, amount, idempotency_key }
  const { response, error } = await ledgerhook().POST('/api/wallet/spend', { body })
  if (error?.error === 'insufficient_credits') return 'too_few_credits'
  if (error) throw new Error(`the spend ${idempotency_key} returned ${response.status} ${error.error}`)
  return response.headers.has('Ledgerhook-Given-Back') ? 'given_back' : 'taken'
}

/** Gives a spend back, for instance where the job failed that it paid for. */
export async function giveBack(user_id: string, spend_key: string): Promise<void> {
  const body = { user_id, spend_key, idempotency_key: `back:${spend_key}` }
  const { error } = await ledgerhook().POST('/api/wallet/give-back', { body })
  if (error) throw new Error(`giving ${spend_key} back returned ${error.error}`)
}
