import { describe, expect, it } from 'vitest'
import { invoiceEvent } from '../../local/billing-events.ts'
import { checkoutEvent, clerkEvent, randomId } from '../../local/events.ts'
import { reversalEvent } from '../../local/reversal-events.ts'
import { spend } from './account-support.ts'
import { as, linked, signedUp } from './people.ts'
import { balance, deliver, type Env, eventRow, ledger, query, said } from './support.ts'

const COMPLETED = 'checkout.session.completed'
const MOST = Number.MAX_SAFE_INTEGER
const PLANS = JSON.stringify({ price_pro: { key: 'pro', credits: 1000 } })

const adjust = async (user_id: string, amount: number) =>
  (
    await query<{ answer: { balance?: number; refused?: string } }>('select adjust($1) as answer', [
      JSON.stringify({ user_id, amount, idempotency_key: randomId('key'), note: 'for a test' }),
    ])
  )[0]?.answer
/** Moves the balance to this value by an operator's entry. */
const set = async (id: string, credits: number) => adjust(id, credits - Number(await balance(id)))

describe('a response that is lost on the way', () => {
  /** Makes a database function return nothing while `act` runs. */
  async function returningNull<T>(name: string, args: string, act: () => Promise<T>): Promise<T> {
    const signature = `${name}(${args})`
    const [kept] = await query<{ source: string }>(
      `select pg_get_functiondef('${signature}'::regprocedure) as source`,
    )
    const names = args === 'jsonb' ? 'facts jsonb' : 'delivery jsonb, facts jsonb'
    await query(`create or replace function ${name}(${names}) returns jsonb language sql security definer
      as 'select null::jsonb'`)
    try {
      return await act()
    } finally {
      await query(kept?.source ?? '')
    }
  }

  it('is 503 on every kind of request, never an error of ours', async () => {
    const id = await signedUp()
    const none = [503, { error: 'unavailable' }]
    const of = ({ status, body }: { status: number; body: unknown }) => [status, body]
    expect(await returningNull('read_me', 'jsonb', async () => of(await as(id, '/api/me')))).toEqual(none)
    expect(await returningNull('read_wallet', 'jsonb', async () => of(await as(id, '/api/wallet')))).toEqual(
      none,
    )
    const taken = { user_id: id, amount: 1, idempotency_key: id }
    expect(await returningNull('spend', 'jsonb', async () => of(await spend(taken)))).toEqual(none)
    const created = clerkEvent('user.updated', { user: id })
    const told = await returningNull('sync_user', 'jsonb, jsonb', () => deliver('clerk', created))
    expect(told).toMatchObject({ status: 503, error: 'unavailable' })
    expect((await as(id, '/api/me')).status).toBe(200)
  })
})

describe('a balance at 2^53 - 1', () => {
  it('is returned exactly, and can be spent from', async () => {
    const id = await signedUp()
    expect(await set(id, MOST)).toMatchObject({ balance: MOST })
    expect((await as(id, '/api/me')).body).toMatchObject({ balance: MOST })
    expect((await as<{ entries: object[] }>(id, '/api/wallet')).body.entries[0]).toMatchObject({
      balance_after: MOST,
    })
    expect((await spend({ user_id: id, amount: 1, idempotency_key: id })).body).toEqual({ balance: MOST - 1 })
    expect((await spend({ user_id: id, amount: 10 ** 12, idempotency_key: `${id}_2` })).status).toBe(200)
  })

  it('takes no payment beyond it: rejected, until there is room', async () => {
    const id = await signedUp()
    await set(id, MOST - 499)
    const event = checkoutEvent(COMPLETED, { user: id })
    expect(said(await deliver('stripe', event))).toBe('rejected limit_exceeded')
    expect([await balance(id), await eventRow(event.id)]).toMatchObject([MOST - 499, { outcome: 'rejected' }])
    expect(await query('select from payments where user_id = $1', [id])).toEqual([])
    await spend({ user_id: id, amount: 1, idempotency_key: id })
    expect(said(await deliver('stripe', event))).toBe('applied')
    expect(await balance(id)).toBe(MOST)
  })

  it('takes no plan beyond it', async () => {
    const { id, customer } = await linked({ id: randomId('user'), customer: randomId('cus') })
    await set(id, MOST - 999)
    const names = { invoice: `in_${id}`, subscription: `sub_${id}`, customer, price: 'price_pro' }
    const event = invoiceEvent('invoice.paid', names)
    expect(said(await deliver('stripe', event, { env: { PLANS } }))).toBe('rejected limit_exceeded')
    expect(await balance(id)).toBe(MOST - 999)
    await spend({ user_id: id, amount: 1, idempotency_key: id })
    expect(said(await deliver('stripe', event, { env: { PLANS } }))).toBe('applied')
    expect(await balance(id)).toBe(MOST)
  })

  it('takes back no refund that failed beyond it, and does once there is room', async () => {
    const id = await signedUp()
    const payment = `pi_${id}`
    const session = { currency: 'usd' }
    await deliver('stripe', checkoutEvent(COMPLETED, { user: id, payment, session }))
    await deliver('stripe', reversalEvent('refund.created', { payment, amount: 500 }))
    expect(await balance(id)).toBe(40)
    await set(id, MOST - 499)
    const failed = reversalEvent('refund.failed', { payment, amount: 500 })
    expect(said(await deliver('stripe', failed))).toBe('rejected limit_exceeded')
    expect(await balance(id)).toBe(MOST - 499)
    await spend({ user_id: id, amount: 10, idempotency_key: id })
    expect(said(await deliver('stripe', failed))).toBe('applied')
    expect(await balance(id)).toBe(MOST - 499 - 10 + 500)
  })

  it('takes no adjustment beyond it, in either direction', async () => {
    const id = await signedUp()
    expect(await adjust(id, MOST)).toEqual({ refused: 'limit_exceeded' })
    expect(await set(id, 0)).toMatchObject({ balance: 0 })
    expect(await adjust(id, -MOST)).toMatchObject({ balance: -MOST })
    expect(await adjust(id, -1)).toEqual({ refused: 'limit_exceeded' })
    expect((await ledger(id)).length).toBe(3)
  })
})

describe('a balance at -(2^53 - 1)', () => {
  it('refuses a spend for want of credits, as every balance below zero does', async () => {
    const id = await signedUp()
    await set(id, -MOST + 5)
    for (const amount of [1, 10 ** 12]) {
      const { status, body } = await spend({ user_id: id, amount, idempotency_key: randomId('key') })
      expect([status, body]).toMatchObject([402, { error: 'insufficient_credits', balance: -MOST + 5 }])
    }
  })

  it('gives back no credits beyond it for a refund: rejected', async () => {
    const id = await signedUp()
    const payment = `pi_${id}`
    await deliver('stripe', checkoutEvent(COMPLETED, { user: id, payment, session: { currency: 'usd' } }))
    await set(id, -MOST + 499)
    const refund = reversalEvent('refund.created', { payment, amount: 500 })
    expect(said(await deliver('stripe', refund))).toBe('rejected limit_exceeded')
    expect(await balance(id)).toBe(-MOST + 499)
  })
})

describe('behind all of that', () => {
  it('the database itself takes no balance that JSON cannot count', async () => {
    const id = await signedUp()
    const entry = `insert into credit_ledger (user_id, kind, amount, idempotency_key) values ($1, 'adjustment', $2, $1)`
    for (const amount of [MOST, -MOST - 42])
      await expect(query(entry, [id, amount])).rejects.toMatchObject({ code: '23514' })
    expect(await balance(id)).toBe(40)
  })

  it.each<[string, Env]>([
    [
      'CREDIT_PACKS',
      { CREDIT_PACKS: '{"big": {"credits": 1000000000001, "amount": 1, "currency": "usd", "name": "Big"}}' },
    ],
    ['PLANS', { PLANS: '{"price_pro": {"key": "pro", "credits": 1000000000001}}' }],
    ['SIGNUP_BONUS_CREDITS', { SIGNUP_BONUS_CREDITS: '1000000000001' }],
  ])('%s that could reach it soon is no setting', async (_name, env) => {
    const { status, body } = await as(randomId('user'), '/api/me', { env })
    expect([status, body]).toEqual([500, { error: 'misconfigured' }])
  })

  it('a quantity that no number holds is for a person, and no 503', async () => {
    const { id, customer } = await linked({ id: randomId('user'), customer: randomId('cus') })
    const names = { invoice: `in_${id}`, subscription: `sub_${id}`, customer, price: 'price_pro' }
    for (const quantity of [1e15, 1e300, 9_007_199_254_741]) {
      const event = invoiceEvent('invoice.paid', { ...names, quantity })
      const answer = await deliver('stripe', event, { env: { PLANS } })
      expect([quantity, answer.status, answer.outcome === 'applied']).toEqual([quantity, 200, false])
    }
    expect(await balance(id)).toBe(40)
  })
})
