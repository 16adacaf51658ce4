import { describe, expect, it } from 'vitest'
import { clerkEvent, randomId } from '../../local/events.ts'
import { sessionClaims, signSessionToken } from '../../local/session-token.ts'
import { callWith, ISSUER, keys, ORIGIN } from './account-support.ts'
import { as, leave, signUp } from './people.ts'
import {
  balance,
  counted,
  deliver,
  type Env,
  ledger,
  query,
  said,
  settings,
  stripeAnswers,
  stripeCalls,
  user,
} from './support.ts'

const SINCE = Date.parse('2026-03-01T00:00:00Z')
const since: Env = { SIGNUP_BONUS_SINCE: new Date(SINCE).toISOString() }
const sinceInstalled: Env = { SIGNUP_BONUS_SINCE: '' }
const byClerk: Env = {
  ...since,
  CLERK_SECRET_KEY: 'sk_test_of_the_bonus',
  CLERK_API_BASE: settings.STRIPE_API_BASE,
}

/** Clerk reports a user who signed up at one moment and changed at another. */
const told = (
  type: 'user.created' | 'user.updated',
  id: string,
  created: number,
  updated = created,
  env = since,
) => deliver('clerk', clerkEvent(type, { user: id, at: updated, data: { created_at: created } }), { env })
const bonuses = async (id: string) => (await ledger(id)).filter(({ kind }) => kind === 'signup_bonus').length

describe('the signup bonus', () => {
  it('is for who signed up at that moment or later, by whatever event they come first', async () => {
    for (const [type, created, expected] of [
      ['user.created', SINCE - 1, 0],
      ['user.updated', SINCE - 1, 0],
      ['user.created', SINCE, 40],
      ['user.updated', SINCE, 40],
      ['user.updated', SINCE + 1, 40],
    ] as const) {
      const id = randomId('user')
      expect(said(await told(type, id, created, SINCE + 1e6))).toBe('applied')
      expect([type, created, await balance(id)]).toEqual([type, created, expected])
    }
  })

  it('is given once, in whatever order the events come, and also where the first is lost', async () => {
    const [inOrder, reversed, lost] = [randomId('user'), randomId('user'), randomId('user')]
    await told('user.created', inOrder, SINCE)
    await told('user.updated', inOrder, SINCE, SINCE + 1000)
    await told('user.updated', reversed, SINCE, SINCE + 1000)
    expect(said(await told('user.created', reversed, SINCE))).toBe('stale older_than_stored')
    await told('user.updated', lost, SINCE, SINCE + 1000)
    await told('user.updated', lost, SINCE, SINCE + 2000)
    for (const id of [inOrder, reversed, lost])
      expect([await balance(id), await bonuses(id)]).toEqual([40, 1])
  })

  it('is not brought by a session, which does not say since when its user is one', async () => {
    const [young, old] = [randomId('user'), randomId('user')]
    for (const id of [young, old])
      expect((await as(id, '/api/me', { env: since })).body).toMatchObject({ balance: 0 })
    await told('user.updated', young, SINCE)
    await told('user.updated', old, SINCE - 1, SINCE + 1e6)
    await told('user.updated', old, SINCE - 1, SINCE + 2e6)
    expect([await balance(young), await balance(old)]).toEqual([40, 0])
  })

  it('is not given for a date that a later event brings, nor to a deleted user', async () => {
    const [years, gone] = [randomId('user'), randomId('user')]
    await told('user.created', years, SINCE - 1)
    await told('user.updated', years, SINCE + 1, SINCE + 2)
    await leave(gone, { env: since })
    await told('user.created', gone, SINCE)
    expect([await balance(years), await balance(gone)]).toEqual([0, 0])
  })

  it('by default is for who signs up after the very first migration, which no upgrade moves', async () => {
    const [installed] = await query<{ at: Date }>('select min(applied_at) as at from migrations')
    const at = installed?.at.getTime() ?? 0
    await query(
      `insert into migrations (tag, hash, applied_at) values ('9999_later', 'none', now() + interval '1 day')`,
    )
    for (const [created, expected] of [
      [at - 1000, 0],
      [at + 1000, 40],
    ] as const) {
      const id = randomId('user')
      await told('user.updated', id, created, at + 1e6, sinceInstalled)
      expect(await balance(id)).toBe(expected)
    }
    await query(`delete from migrations where tag = '9999_later'`)
  })
})

describe('with CLERK_SECRET_KEY', () => {
  const atClerk = (id: string, created = SINCE, data: object = {}) =>
    stripeAnswers({
      [`GET /v1/users/${id}`]: {
        body: {
          ...clerkEvent('user.created', { user: id, at: created }).data,
          first_name: 'Ada',
          last_name: 'Lovelace',
          ...data,
        },
      },
    })
  const me = (id: string) => as(id, '/api/me', { env: byClerk })

  it('the first session has name, address and bonus at once, and no other asks Clerk', async () => {
    const id = randomId('user')
    await atClerk(id)
    const whole = { email: `${id}@example.com`, name: 'Ada Lovelace', balance: 40 }
    expect((await me(id)).body).toMatchObject(whole)
    const { result, requests } = await counted(() => me(id))
    expect([result.body, requests]).toMatchObject([whole, 1])
    expect(await stripeCalls(id)).toEqual([`GET /v1/users/${id}`])
    expect(said(await told('user.created', id, SINCE))).toBe('applied')
    expect([await balance(id), await bonuses(id)]).toEqual([40, 1])
  })

  it('50 of them at once give one bonus', async () => {
    const id = randomId('user')
    await atClerk(id)
    const replies = await Promise.all(Array.from({ length: 50 }, () => me(id)))
    expect(replies.map(({ status, body }) => [status, body.balance])).toEqual(replies.map(() => [200, 40]))
    expect(await bonuses(id)).toBe(1)
  })

  it('who is a user for years has name and address, and no bonus', async () => {
    const id = randomId('user')
    await atClerk(id, SINCE - 1)
    expect((await me(id)).body).toMatchObject({ email: `${id}@example.com`, balance: 0 })
  })

  it.each<[string, object]>([
    ['is down', { status: 500, body: {} }],
    ['does not know the user', { status: 404, body: { errors: [] } }],
    ['returns what cannot be read', { body: { id: 7 } }],
    ['returns another user', { body: clerkEvent('user.created', { user: 'user_else', at: SINCE }).data }],
    ['does not answer', { hang: true }],
  ])('where Clerk %s, the session brings its user, and the webhook the bonus', async (_why, answer) => {
    const id = randomId('user')
    await stripeAnswers({ [`GET /v1/users/${id}`]: answer })
    expect((await me(id)).body).toMatchObject({ id, email: null, balance: 0 })
    expect(await user('user_else')).toBeUndefined()
    await told('user.created', id, SINCE)
    expect(await balance(id)).toBe(40)
  })

  it('a deleted user is not asked for, nor brought back', async () => {
    const id = randomId('user')
    await leave(id)
    await atClerk(id)
    expect((await me(id)).status).toBe(403)
    expect([await stripeCalls(id), await balance(id)]).toEqual([[], 0])
  })
})

describe('a token', () => {
  const now = () => Math.floor(Date.now() / 1000)
  const YEAR_S = 365 * 24 * 3600
  const call = async (more: object) => {
    const claims = { ...sessionClaims({ user: randomId('user'), origin: ORIGIN, issuer: ISSUER }), ...more }
    return (await callWith(await signSessionToken(keys.privateKey, claims), '/api/me')).status
  }

  it.each<[string, object]>([
    ['without a session', { sid: undefined }],
    ['without a session, for ten years', { sid: undefined, exp: now() + 10 * YEAR_S }],
    ['of a session that is no text', { sid: { id: 'sess_1' } }],
    ['for ten years, a day after it was made', { iat: now() - 24 * 3600 - 60, exp: now() + 10 * YEAR_S }],
    ['for ten years, which does not say when it was made', { iat: undefined, exp: now() + 10 * YEAR_S }],
  ])('%s is no session', async (_what, more) => {
    expect(await call(more)).toBe(401)
  })

  it('of a session is one for a day at most', async () => {
    expect(await call({})).toBe(200)
    expect(await call({ iat: now() - 23 * 3600, nbf: now() - 23 * 3600, exp: now() + 3600 })).toBe(200)
  })

  it('of a user who has signed up is good for nothing but that user', async () => {
    const id = randomId('user')
    await signUp(id)
    expect((await as(id, '/api/me')).body).toMatchObject({ id })
  })
})
