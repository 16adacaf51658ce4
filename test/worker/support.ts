import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { neon, neonConfig } from '@neondatabase/serverless'
import { inject } from 'vitest'
import { readStats, resetStats } from '../../local/gateway/client.ts'
import { type Signing, sign } from '../../local/sign.ts'
import worker from '../../src/index.ts'
import type { Stack } from '../support/control.ts'
import type { Scripted } from '../support/stripe-script.ts'
import type { Statement } from '../support/transactions.ts'

export const secrets = {
  clerk: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  stripe: 'whsec_test_5gFvH2kQm9tLr3xWc7Zb',
}

const control = <Answer>(command: string, body?: object) => post<Answer>(inject('control'), command, body)

async function post<Answer>(server: string, command: string, body?: object): Promise<Answer> {
  const response = await fetch(`${server}/${command}`, {
    method: 'POST',
    body: JSON.stringify(body ?? {}),
  })
  if (!response.ok) throw new Error(await response.text())
  return await response.json()
}

const STRIPE_SECRET_KEY = 'sk_test_0123456789abcdef'
/** The Stripe prices of the plan `pro`, and of `team`, monthly and yearly. */
export const prices = ['price_pro', 'price_team_monthly', 'price_team_yearly']

const stack = await control<Stack>('stack', { secretKey: STRIPE_SECRET_KEY, prices })
/** This file's own local Stripe, for `STRIPE_API_BASE`. */
export const stripeUrl = stack.stripeUrl

export const settings = {
  DATABASE_URL: stack.workerUrl,
  NEON_FETCH_ENDPOINT: stack.gatewayUrl,
  CLERK_WEBHOOK_SECRET: secrets.clerk,
  STRIPE_WEBHOOK_SECRET: secrets.stripe,
  STRIPE_SECRET_KEY,
  OPS_TOKEN: 'ops-token-of-the-tests',
  STRIPE_API_BASE: stack.scriptUrl,
  // The events of the tests are from before this database was made.
  SIGNUP_BONUS_SINCE: '2020-01-01T00:00:00Z',
  // Off by default, because it would ask Stripe about everything. A test about it switches it on.
  RECONCILE: 'off',
}

export type Env = Partial<
  Record<
    | keyof typeof settings
    | 'SIGNUP_BONUS_CREDITS'
    | 'SIGNUP_BONUS_ONCE_PER'
    | 'CREDIT_SINCE'
    | 'REQUIRE_EMAIL'
    | 'USER_DELETION'
    | 'PAYLOAD_RETENTION_DAYS'
    | 'CLERK_INSTANCE_ID'
    | 'CLERK_JWT_KEY'
    | 'CLERK_ISSUER'
    | 'APP_ORIGINS'
    | 'SERVICE_TOKEN'
    | 'GRANT_LIMIT'
    | 'EVENTS_URL'
    | 'EVENTS_SECRET'
    | 'LOW_BALANCE'
    | 'CAMPAIGNS'
    | 'APP_URL'
    | 'CREDIT_PACKS'
    | 'PLANS'
    | 'APP_TAG'
    | 'CANCEL_ON_DELETION'
    | 'CLERK_SECRET_KEY'
    | 'CLERK_API_BASE'
    | 'RUN_SUBREQUESTS'
    | 'SPILL_ALWAYS'
    | 'QUEUE_SPEED'
    | 'METRICS_READ'
    | 'ALERT_WEBHOOK_URL'
    | 'ALERT_WEBHOOK_SECRET'
    | 'ALERTS'
    | 'HEARTBEAT_URL'
    | 'ACCESS_TEAM_DOMAIN'
    | 'ACCESS_AUD',
    string
  >
> & {
  /** The queue, if one is bound. */
  SPILL?: object
}

/** Sends one request to the Worker. */
export async function request(path: string, init: RequestInit = {}, env: Env = {}): Promise<Response> {
  const context = createExecutionContext()
  const response = await worker.fetch(
    new Request(`http://ledgerhook.test${path}`, init),
    { ...settings, ...env },
    context,
  )
  await waitOnExecutionContext(context)
  return response
}

/** Returns the response to a delivery, and a promise for the Worker's work after it. `request` waits for both. */
export async function requestOnly(
  provider: 'clerk' | 'stripe',
  event: object,
  { env }: DeliveryOptions = {},
): Promise<{ response: Response; ended: Promise<void> }> {
  const body = JSON.stringify(event)
  const headers = await sign(provider, body, { secret: secrets[provider] })
  const context = createExecutionContext()
  const init = { method: 'POST', headers, body }
  const asked = new Request(`http://ledgerhook.test/api/webhooks/${provider}`, init)
  const response = await worker.fetch(asked, { ...settings, ...env }, context)
  return { response, ended: waitOnExecutionContext(context) }
}

export interface Answer {
  status: number
  event: string
  type: string | null
  outcome: string
  reason: string | null
}

/** Returns a response as a line: `parked unknown_user`, `applied`. */
export const said = ({ outcome, reason }: Answer) => (reason ? `${outcome} ${reason}` : outcome)
export const allSaid = (answers: Answer[]) => answers.map(said)

export interface DeliveryOptions extends Partial<Omit<Signing, 'messageId'>> {
  /** Svix's message id, which is Clerk's event id. */
  id?: string
  env?: Env
}

/** Signs a body as the provider does, and delivers it. */
export async function send(
  provider: 'clerk' | 'stripe',
  body: string,
  { id: messageId, secret = secrets[provider], signedAt, env }: DeliveryOptions = {},
): Promise<Response> {
  const headers = await sign(provider, body, { secret, messageId, signedAt })
  return await request(`/api/webhooks/${provider}`, { method: 'POST', headers, body }, env)
}

/** Delivers an event and reads the response. */
export async function deliver(
  provider: 'clerk' | 'stripe',
  event: object,
  options: DeliveryOptions = {},
): Promise<Answer> {
  const response = await send(provider, JSON.stringify(event), options)
  return { status: response.status, ...((await response.json()) as Omit<Answer, 'status'>) }
}

/** Starts a scheduled run in which these tasks (by default all) and every waiting delivery are due. */
export async function runScheduled(env: Env = {}, ...due: string[]): Promise<void> {
  await makeDue(...due)
  await startScheduled(env)
}

/** Makes these tasks (by default all) and every waiting delivery due. */
export async function makeDue(...due: string[]): Promise<void> {
  await query(
    `update tasks set leased_until = null, next_at = case when $1::text[] = '{}' or name = any ($1)
       then now() - interval '1 second' else now() + interval '1 hour' end`,
    [due],
  )
  // The delivery with the fewest attempts comes first, as its backoff would order it.
  await query(
    `update waiting set retry_at = now() - interval '1 minute' / (1 + tries) where retry_at is not null`,
  )
  await query(`update arrived set due_at = now() - interval '1 second'`)
  await query(`update erasures set due_at = now() - interval '1 second' where done_at is null`)
  await query(`update subscriptions set cancel_due_at = now() where cancel_due_at is not null`)
}

/**
 * Starts scheduled runs until nothing is left to release, to erase, or to ask a provider about. A release defers rows
 * that another transaction has locked, and Stripe may be slow, so a test with concurrent deliveries compares only after
 * this. A delivery that stays unanswered twice waits for something else.
 */
export async function settleDown(env: Env = {}): Promise<void> {
  for (let run = 0, quiet = 0, before = ''; run < 40; run++) {
    const [left] = await query<{ undone: string; asking: string }>(
      `select (select count(*) from arrived) + (select count(*) from erasures where done_at is null) as undone,
        (select count(*) from waiting where retry_at is not null) as asking`,
    )
    quiet = left?.asking === before ? quiet + 1 : 0
    before = left?.asking ?? ''
    if (left?.undone === '0' && (before === '0' || quiet >= 2)) return
    await runScheduled(env, 'release_arrived', 'erase_payloads', 'retry_due')
  }
  throw new Error('40 scheduled runs have left something')
}

/** Starts a scheduled run of what is due. */
export async function startScheduled(env: Env = {}): Promise<void> {
  await worker.scheduled({ scheduledTime: Date.now() }, { ...settings, ...env })
}

/** Runs one statement on this file's database, through the Worker's driver. Moments are returned as Dates. */
export async function query<Row = Record<string, unknown>>(
  statement: string,
  params: unknown[] = [],
): Promise<Row[]> {
  neonConfig.fetchEndpoint = settings.NEON_FETCH_ENDPOINT
  return (await neon(stack.databaseUrl).query(statement, params)) as Row[]
}

export async function eventRow(eventId: string) {
  const [row] = await query('select * from webhook_events where event_id = $1', [eventId])
  return row
}

export async function user(id: string) {
  const [row] = await query('select * from users where id = $1', [id])
  return row
}

/** Returns the credits of a user. Null if there is no wallet. */
export async function balance(userId: string): Promise<number | null> {
  const [wallet] = await query<{ balance: string }>('select balance from wallets where user_id = $1', [
    userId,
  ])
  return wallet ? Number(wallet.balance) : null
}

export async function ledger(userId: string) {
  return await query<{
    kind: string
    amount: string
    idempotency_key: string
    stripe_payment_id: string | null
  }>('select * from credit_ledger where user_id = $1 order by id', [userId])
}

/** Returns the database requests and statements that the gateway saw while `act` ran. */
export async function counted<T>(
  act: () => Promise<T>,
): Promise<{ result: T; requests: number; statements: number }> {
  await resetStats(settings.NEON_FETCH_ENDPOINT)
  const result = await act()
  return { result, ...(await readStats(settings.NEON_FETCH_ENDPOINT)) }
}

/** Makes the gateway's next requests fail, one each: see `local/gateway/faults.ts`. */
export async function failNext(...next: string[]): Promise<void> {
  const gateway = new URL(settings.NEON_FETCH_ENDPOINT).origin
  await fetch(`${gateway}/faults`, { method: 'POST', body: JSON.stringify({ next }) })
}

/**
 * Sets the fault of every request at the gateway from now on: `unavailable` for a database that is away, `none` to end
 * it.
 */
export async function gatewayAlways(always: 'unavailable' | 'none'): Promise<void> {
  const gateway = new URL(settings.NEON_FETCH_ENDPOINT).origin
  await fetch(`${gateway}/faults`, { method: 'POST', body: JSON.stringify({ always }) })
}

/** Holds a transaction open that has run these statements. Returns the function that commits it. */
export async function holdOpen(...statements: Statement[]): Promise<() => Promise<void>> {
  const { id } = await control<{ id: string }>('hold', { databaseUrl: stack.databaseUrl, statements })
  return async () => {
    await control(`release/${id}`)
  }
}

/** Resolves once this many requests of this file wait for a lock in the database. Otherwise it throws. */
export async function waitingForLocks(count: number): Promise<void> {
  await control('waiting', { databaseUrl: stack.databaseUrl, count })
}

/** Sets the responses of Stripe's or Clerk's API to this file from now on, by `GET /v1/…`. */
export async function stripeAnswers(scripted: Record<string, Scripted>): Promise<void> {
  await post(stack.scriptUrl, 'script', scripted)
}

/** Returns the calls to Stripe's API about this. */
export async function stripeCalls(about: string): Promise<string[]> {
  return await post(stack.scriptUrl, 'calls', { about })
}

export async function subscription(id: string) {
  const [row] = await query('select * from subscriptions where id = $1', [id])
  return row
}

export async function billing(userId: string) {
  const [row] = await query('select * from user_billing where id = $1', [userId])
  return row
}
