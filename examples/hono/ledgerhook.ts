import { createClient, type LedgerhookClient } from 'ledgerhook/client'

export interface Env {
  LEDGERHOOK_URL: string
  /** The same token as in Ledgerhook's SERVICE_TOKEN. */
  SERVICE_TOKEN: string
  /** Clerk's public key: the same as Ledgerhook's CLERK_JWT_KEY. */
  CLERK_JWT_KEY: string
}

/** A client for your backend. */
export const ledgerhook = (env: Env): LedgerhookClient =>
  createClient({ url: env.LEDGERHOOK_URL, token: env.SERVICE_TOKEN })

type Spent = 'taken' | 'too_few_credits' | 'given_back'

/**
 * Takes credits once per key. `given_back`: an earlier call with this key took them, and its work failed.
 * @throws if it is not known whether they were taken: send it again
 */
export async function spend(
  env: Env,
  user_id: string,
  amount: number,
  idempotency_key: string,
): Promise<Spent> {
  const body = { user_id, amount, idempotency_key }
  const { response, error } = await ledgerhook(env).POST('/api/wallet/spend', { body })
  if (error?.error === 'insufficient_credits') return 'too_few_credits'
  if (error) throw new Error(`the spend ${idempotency_key} returned ${response.status} ${error.error}`)
  return response.headers.has('Ledgerhook-Given-Back') ? 'given_back' : 'taken'
}

/** Gives a spend back, for instance where the job failed that it paid for. */
export async function giveBack(env: Env, user_id: string, spend_key: string): Promise<void> {
  const body = { user_id, spend_key, idempotency_key: `back:${spend_key}` }
  const { error } = await ledgerhook(env).POST('/api/wallet/give-back', { body })
  if (error) throw new Error(`giving ${spend_key} back returned ${error.error}`)
}
