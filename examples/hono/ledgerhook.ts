export interface Env {
  LEDGERHOOK_URL: string
  /** The same token as in Ledgerhook's SERVICE_TOKEN. */
  SERVICE_TOKEN: string
  /** Clerk's public key: the same as Ledgerhook's CLERK_JWT_KEY. */
  CLERK_JWT_KEY: string
}

export interface Spend {
  user_id: string
  /** Whole credits. */
  amount: number
  /** The same key spends once, however often it is sent. */
  idempotency_key: string
  reference?: string
}

/** Takes credits. False where the user has too few. @throws where it is not known whether they were taken: send it again */
export async function spend(env: Env, body: Spend): Promise<boolean> {
  const { status } = await call(env, '/api/wallet/spend', body)
  if (status === 402) return false
  if (status !== 200) throw new Error(`the spend ${body.idempotency_key} returned ${status}`)
  return true
}

/** Gives a spend back, for instance where the job failed that it paid for. */
export async function giveBack(env: Env, user_id: string, spend_key: string): Promise<void> {
  const body = { user_id, spend_key, idempotency_key: `back:${spend_key}` }
  const { status } = await call(env, '/api/wallet/give-back', body)
  if (status !== 200) throw new Error(`giving ${spend_key} back returned ${status}`)
}

const call = (env: Env, path: string, body: object) =>
  fetch(env.LEDGERHOOK_URL + path, {
    method: 'POST',
    headers: { Authorization: `Bearer ${env.SERVICE_TOKEN}` },
    body: JSON.stringify(body),
  })
