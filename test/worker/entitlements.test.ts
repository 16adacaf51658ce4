import { describe, expect, it } from 'vitest'
import { subscriptionEvent } from '../../local/billing-events.ts'
import { randomId } from '../../local/events.ts'
import { accountSettings, callWith, spend } from './account-support.ts'
import { leave, link, signedUp } from './people.ts'
import { balance, counted, deliver, query, user } from './support.ts'

const ask = (path: string, headers: Record<string, string> = {}) =>
  callWith<Record<string, unknown>>(accountSettings.SERVICE_TOKEN, path, { headers })
const entitlements = (id: string, headers = {}) => ask(`/api/users/${id}/entitlements`, headers)

const NOTHING = {
  plan: null,
  status: null,
  cancel_at: null,
  collection_paused: false,
  banned: false,
  balance: 40,
}

describe('GET /api/users/{id}/entitlements', () => {
  it('says what a user has, in one request to the database', async () => {
    const id = await signedUp()
    const { result, requests, statements } = await counted(() => entitlements(id))
    expect([result.status, result.body, requests, statements]).toEqual([200, NOTHING, 1, 1])

    await link(id)
    const subscription = { subscription: `sub_${id}`, customer: `cus_${id}`, user: id }
    await deliver('stripe', subscriptionEvent('customer.subscription.created', subscription))
    await query(
      `update subscriptions set plan_key = 'pro', cancel_at = '2027-01-01Z', collection_paused = true where user_id = $1`,
      [id],
    )
    await query('update wallets set banned_at = now() where user_id = $1', [id])
    const { body } = await entitlements(id)
    expect(body).toEqual({
      plan: 'pro',
      status: 'active',
      cancel_at: expect.stringMatching(/^2027-01-01T00:00:00/),
      collection_paused: true,
      banned: true,
      balance: 40,
    })
  })

  it('is 304 for whoever knows it already, until something changes', async () => {
    const id = await signedUp()
    const first = await entitlements(id)
    const tag = first.headers.get('ETag') ?? ''
    expect(tag).toMatch(/^"\w{32}"$/)
    expect(first.headers.get('Cache-Control')).toBe('private, no-cache')
    expect(first.headers.get('Content-Type')).toBe('application/json')
    for (const known of [tag, `W/${tag}`, `"another", ${tag}`, '*']) {
      const { result, requests } = await counted(() => entitlements(id, { 'If-None-Match': known }))
      expect([result.status, result.body, result.headers.get('ETag'), requests]).toEqual([304, null, tag, 1])
    }
    await spend({ user_id: id, amount: 1, idempotency_key: id })
    const changed = await entitlements(id, { 'If-None-Match': tag })
    expect([changed.status, changed.body.balance]).toEqual([200, 39])
    expect(changed.headers.get('ETag')).not.toBe(tag)
  })

  it('refuses who is not known, who is deleted, and whoever is not your backend', async () => {
    const [nobody, gone] = [randomId('user'), await signedUp()]
    await leave(gone)
    const unknown = await entitlements(nobody, { 'If-None-Match': '*' })
    expect([unknown.status, unknown.body]).toEqual([404, { error: 'unknown_user' }])
    expect(unknown.headers.get('Cache-Control')).toBe('no-store')
    expect(await entitlements(gone)).toMatchObject({ status: 403, body: { error: 'user_deactivated' } })
    expect(await user(nobody)).toBeUndefined()
    const { result, requests } = await counted(() => callWith(null, `/api/users/${gone}/entitlements`))
    expect([result.status, requests]).toEqual([401, 0])
    expect((await entitlements('two%20words')).status).toBe(400)
  })
})

describe('GET /api/users/{id}/wallet', () => {
  it('is the wallet of any user, page by page, in one request to the database', async () => {
    const id = await signedUp()
    await spend({ user_id: id, amount: 3, idempotency_key: id, note: 'Images', reference: 'order-7' })
    const { result, requests, statements } = await counted(() => ask(`/api/users/${id}/wallet?limit=1`))
    expect([result.status, requests, statements]).toEqual([200, 1, 1])
    const entry = { kind: 'spend', amount: -3, balance_after: 37, note: 'Images', reference: 'order-7' }
    expect(result.body).toMatchObject({ balance: 37, entries: [entry] })
    const next = await ask(`/api/users/${id}/wallet?cursor=${result.body.next_cursor}`)
    expect(next.body).toMatchObject({ entries: [{ kind: 'signup_bonus' }], next_cursor: null })
  })

  it('refuses a cursor of another wallet, and brings nobody', async () => {
    const [id, other, nobody] = [await signedUp(), await signedUp(), randomId('user')]
    await spend({ user_id: id, amount: 3, idempotency_key: id })
    const { body } = await ask(`/api/users/${id}/wallet?limit=1`)
    const reply = await ask(`/api/users/${other}/wallet?cursor=${body.next_cursor}`)
    expect([reply.status, reply.body.error]).toEqual([400, 'invalid_request'])
    expect(await ask(`/api/users/${nobody}/wallet`)).toMatchObject({
      status: 404,
      body: { error: 'unknown_user' },
    })
    expect(await balance(nobody)).toBeNull()
  })
})
