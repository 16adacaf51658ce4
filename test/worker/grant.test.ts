import { describe, expect, it } from 'vitest'
import { randomId } from '../../local/events.ts'
import { backend, GRANTS, grant, spend } from './account-support.ts'
import { leave, signedUp } from './people.ts'
import { balance, counted, failNext, ledger, query } from './support.ts'

const gift = (id: string, amount: number, more: object = {}) => ({
  user_id: id,
  amount,
  idempotency_key: randomId('gift'),
  note: 'A friend came',
  ...more,
})
const limits = (per_call: number, per_user_day: number, per_day: number) => ({
  GRANT_LIMIT: JSON.stringify({ per_call, per_user_day, per_day }),
})
/** Each test begins without grants. */
const newDay = () => query(`delete from grant_totals where subject like 'day:%'`)
const totals = async (prefix: string) =>
  Object.fromEntries(
    (await query<{ subject: string; credits: string }>('select * from grant_totals')).flatMap(
      ({ subject, credits }) => (subject.startsWith(prefix) ? [[subject, Number(credits)]] : []),
    ),
  )

describe('POST /api/wallet/grant', () => {
  it('grants credits that nobody paid for, in one request to the database', async () => {
    const id = await signedUp()
    const body = gift(id, 25)
    const { result, requests, statements } = await counted(() => grant(body))
    expect([result.status, result.body]).toEqual([200, { balance: 65 }])
    expect([requests, statements]).toEqual([1, 1])
    expect((await ledger(id)).at(-1)).toMatchObject({
      kind: 'grant',
      amount: '25',
      note: 'A friend came',
      campaign: null,
      caller: null,
      idempotency_key: `grant:${body.idempotency_key}`,
    })
  })

  it('returns the same for the same key, whatever happened since, and refuses it for anything else', async () => {
    const [id, other] = [await signedUp(), await signedUp()]
    const body = gift(id, 25)
    await grant(body)
    await spend({ user_id: id, amount: 60, idempotency_key: id })
    await leave(id)
    // The limits are lower now, but a grant that was made is not made again.
    expect((await grant(body, limits(1, 1, 1))).body).toEqual({ balance: 65 })
    for (const changed of [{ amount: 26 }, { user_id: other }, { campaign: 'open' }]) {
      const { status, body: told } = await grant({ ...body, ...changed })
      expect([status, told]).toEqual([409, { error: 'idempotency_key_reused' }])
    }
    expect(await balance(id)).toBe(5)
  })

  it('is off while GRANT_LIMIT is unset, and does not look at the database', async () => {
    const { result, requests } = await counted(() => grant(gift('user_x', 1), { GRANT_LIMIT: '' }))
    expect([result.status, result.body, requests]).toEqual([403, { error: 'grants_off' }, 0])
  })

  it('refuses who is not known, and who is deleted', async () => {
    const gone = await signedUp()
    await leave(gone)
    expect(await grant(gift(randomId('user'), 1))).toMatchObject({
      status: 404,
      body: { error: 'unknown_user' },
    })
    expect(await grant(gift(gone, 1))).toMatchObject({ status: 403, body: { error: 'user_deactivated' } })
  })

  it('grants once although the response was lost', async () => {
    const id = await signedUp()
    const before = await totals('day:')
    await failNext('after_commit')
    expect((await grant(gift(id, 5))).body).toEqual({ balance: 45 })
    expect(await ledger(id)).toHaveLength(2)
    expect(Object.values(await totals(`day:`)).reduce((a, b) => a + b, 0)).toBe(
      Object.values(before).reduce((a, b) => a + b, 0) + 10,
    )
  })

  const good = { user_id: 'user_x', amount: 1, idempotency_key: 'key', note: 'Why' }
  it.each([
    ['nothing', {}, ['user_id', 'amount', 'idempotency_key', 'note']],
    ['no note', { ...good, note: ' ' }, ['note']],
    ['a negative amount', { ...good, amount: -1 }, ['amount']],
    ['a campaign that is not known', { ...good, campaign: 'freinds' }, ['campaign']],
    ['a campaign that every object has', { ...good, campaign: 'constructor' }, ['campaign']],
  ])('refuses %s, and does not look at the database', async (_, body, fields) => {
    const { result, requests } = await counted(() => grant(body))
    expect([result.status, Object.keys(result.body.fields ?? {}), requests]).toEqual([400, fields, 0])
  })

  it.each([
    { GRANT_LIMIT: '100' },
    { GRANT_LIMIT: '{"per_call": 100}' },
    { GRANT_LIMIT: '{"per_call": 100, "per_user_day": 100, "per_day": -1}' },
    { CAMPAIGNS: '{"a:b": {}}' },
    { CAMPAIGNS: '{"friends": {"per_usr": 10}}' },
  ])('does not work with %o', async (env) => {
    expect(await grant(good, env)).toMatchObject({ status: 500, body: { error: 'misconfigured' } })
  })
})

describe('GRANT_LIMIT', () => {
  const refused = async (reply: ReturnType<typeof grant>) => {
    const { status, body } = await reply
    return [status, body]
  }
  const beyond = (limit: string, left: number) => [409, { error: 'grant_limit_exceeded', limit, left }]

  it('bounds a call, what a user gets in a day, and the day', async () => {
    await newDay()
    const [id, other] = [await signedUp(), await signedUp()]
    const env = limits(10, 15, 20)
    expect(await refused(grant(gift(id, 11), env))).toEqual(beyond('per_call', 10))
    expect((await grant(gift(id, 10), env)).status).toBe(200)
    expect(await refused(grant(gift(id, 6), env))).toEqual(beyond('per_user_day', 5))
    expect((await grant(gift(id, 5), env)).status).toBe(200)
    expect(await refused(grant(gift(other, 6), env))).toEqual(beyond('per_day', 5))
    expect((await grant(gift(other, 5), env)).status).toBe(200)
    expect(await refused(grant(gift(other, 1), env))).toEqual(beyond('per_day', 0))
    await newDay()
    expect((await grant(gift(other, 1), env)).status).toBe(200)
  })

  it('holds for eight callers at once, with keys repeated, and the sums are those of the ledger', async () => {
    await newDay()
    const ids = [await signedUp(), await signedUp(), await signedUp()]
    const calls = Array.from({ length: 64 }, (_, n) => {
      const [id = '', amount] = [ids[n % 3], 1 + (n % 5)]
      return gift(id, amount, { idempotency_key: `${n % 40}-${ids[0]}` })
    })
    const caller = async (number: number) => {
      for (let n = number; n < calls.length; n += 8) {
        const { status } = await grant(calls[n], limits(4, 30, 55))
        expect([200, 409]).toContain(status)
      }
    }
    await Promise.all(Array.from({ length: 8 }, (_, number) => caller(number)))

    const granted = await query<{ user_id: string; sum: string }>(
      `select user_id, sum(amount) from credit_ledger where kind = 'grant' and user_id = any ($1) group by 1`,
      [ids],
    )
    const total = granted.reduce((sum, user) => sum + Number(user.sum), 0)
    expect(total).toBeGreaterThan(45)
    expect(total).toBeLessThanOrEqual(55)
    for (const user of granted) expect(Number(user.sum)).toBeLessThanOrEqual(30)
    const [today] = new Date().toISOString().split('T')
    expect(await totals('day:')).toEqual({
      [`day:${today}`]: total,
      ...Object.fromEntries(granted.map(({ user_id, sum }) => [`day:${today}:${user_id}`, Number(sum)])),
    })
  })
})

describe('CAMPAIGNS', () => {
  it('cap what a user gets and what all get, and one without caps gives what the limits let it', async () => {
    const ids = await Promise.all([signedUp(), signedUp(), signedUp(), signedUp()])
    const [first = '', second = '', third = '', fourth = ''] = ids
    const friends = (id: string, amount: number) => grant(gift(id, amount, { campaign: 'friends' }))
    expect((await friends(first, 60)).status).toBe(200)
    const exhausted = async (reply: ReturnType<typeof grant>, limit: string, left: number) =>
      expect(await reply).toMatchObject({ status: 409, body: { error: 'campaign_exhausted', limit, left } })
    await exhausted(friends(first, 41), 'per_user', 40)
    expect((await friends(first, 40)).status).toBe(200)
    expect((await friends(second, 100)).status).toBe(200)
    await exhausted(friends(third, 51), 'total', 50)
    expect((await friends(third, 50)).status).toBe(200)
    await exhausted(friends(fourth, 1), 'total', 0)
    expect((await grant(gift(first, 500, { campaign: 'open' }))).status).toBe(200)
    expect(await totals('campaign:friends')).toEqual({
      'campaign:friends': 250,
      [`campaign:friends:${first}`]: 100,
      [`campaign:friends:${second}`]: 100,
      [`campaign:friends:${third}`]: 50,
    })
    expect((await ledger(first)).at(-1)).toMatchObject({ kind: 'grant', campaign: 'open' })
  })

  it('hold for many at once', async () => {
    const ids = await Promise.all(Array.from({ length: 6 }, () => signedUp()))
    const env = { ...GRANTS, CAMPAIGNS: '{"rush": {"per_user": 20, "total": 70}}' }
    const replies = await Promise.all(
      Array.from({ length: 30 }, (_, n) => grant(gift(ids[n % 6] ?? '', 7, { campaign: 'rush' }), env)),
    )
    const [row] = await query<{ sum: string; most: string }>(
      `select sum(sum), max(sum) as most from (
         select sum(amount) from credit_ledger where campaign = 'rush' group by user_id) of_user`,
    )
    expect(Number(row?.sum)).toBe(replies.filter(({ status }) => status === 200).length * 7)
    expect([Number(row?.sum), Number(row?.most)]).toEqual([70, 14])
  })
})

describe('SERVICE_TOKEN', () => {
  const env = {
    ...GRANTS,
    SERVICE_TOKEN: 'web:token-of-the-web, web:newer-token, jobs:token-of-jobs,nameless-token',
  }

  it('may be several, of which the entry records the name', async () => {
    const id = await signedUp()
    const names = []
    for (const token of ['token-of-the-web', 'newer-token', 'token-of-jobs', 'nameless-token']) {
      expect((await backend('/api/wallet/grant', gift(id, 1), env, token)).status).toBe(200)
      names.push(((await ledger(id)).at(-1) as unknown as { caller: string | null }).caller)
    }
    expect(names).toEqual(['web', 'web', 'jobs', null])
    for (const token of ['web', 'web:token-of-the-web', 'token-of-the-webx', 'jobs:', env.SERVICE_TOKEN])
      expect((await backend('/api/wallet/grant', gift(id, 1), env, token)).status).toBe(401)
  })

  it.each([
    'web:short',
    'two words:long-enough-token',
    ':long-enough-token',
    'a:b:long-enough-token',
    'long-enough-token,',
  ])('is not %s', async (SERVICE_TOKEN) => {
    expect((await grant(gift('user_x', 1), { SERVICE_TOKEN })).body).toEqual({ error: 'misconfigured' })
  })
})
