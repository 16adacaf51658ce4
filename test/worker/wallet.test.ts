import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkoutEvent, randomId } from '../../local/events.ts'
import type { Statement } from '../support/transactions.ts'
import { callWith, spend, tokenFor } from './account-support.ts'
import { during, heldDelete, heldSession } from './held.ts'
import { as, leave, signedUp } from './people.ts'
import { playing } from './random-histories.ts'
import { balance, counted, deliver, failNext, ledger, query } from './support.ts'

interface Page {
  balance: number
  entries: {
    id: number
    kind: string
    amount: number
    balance_after: number
    note: string | null
    created_at: string
  }[]
  next_cursor: string | null
}

/** Makes a user with this many credits: the bonus, and the rest by one adjustment. */
async function withCredits(credits: number): Promise<string> {
  const id = await signedUp()
  if (credits !== 40) await adjust(id, credits - 40)
  return id
}

const adjust = (id: string, amount: number) =>
  query(
    `insert into credit_ledger (user_id, kind, amount, idempotency_key) values ($1, 'adjustment', $2, $3)`,
    [id, amount, randomId('adjustment')],
  )

const spent = (id: string, amount: number, key: string): Statement => [
  'select spend($1)',
  [JSON.stringify({ user_id: id, amount, idempotency_key: key })],
]
/** The refusal of a spend: the balance, and where more credits are sold. */
const short = (balance: number) => ({ error: 'insufficient_credits', balance, checkout: '/api/checkout' })
/** An entry by another program, which takes none of our locks. */
const written = (id: string, amount: number): Statement => [
  `insert into credit_ledger (user_id, kind, amount, idempotency_key) values ($1, 'adjustment', $2, $3)`,
  [id, amount, randomId('held')],
]

describe('POST /api/wallet/spend', () => {
  it('takes credits, in one request to the database', async () => {
    const id = await withCredits(100)
    const body = {
      user_id: id,
      amount: 30,
      idempotency_key: `order 1 of ${id}`.replaceAll(' ', '-'),
      note: 'Two images',
    }
    const { result, requests, statements } = await counted(() => spend(body))
    expect([result.status, result.body]).toEqual([200, { balance: 70 }])
    expect([requests, statements]).toEqual([1, 1])
    expect((await ledger(id)).at(-1)).toMatchObject({
      kind: 'spend',
      amount: '-30',
      idempotency_key: `spend:${body.idempotency_key}`,
      note: 'Two images',
    })
    expect(await balance(id)).toBe(70)
  })

  it('returns the same balance for the same key again, whatever happened since', async () => {
    const id = await withCredits(100)
    const first = { user_id: id, amount: 30, idempotency_key: `first-${id}` }
    expect((await spend(first)).body).toEqual({ balance: 70 })
    await spend({ user_id: id, amount: 70, idempotency_key: `second-${id}` })
    await adjust(id, 1000)
    const { result, requests } = await counted(() => spend(first))
    expect([result.status, result.body, requests]).toEqual([200, { balance: 70 }, 1])
    expect(await balance(id)).toBe(1000)

    await leave(id)
    expect(await spend(first)).toMatchObject({ status: 200, body: { balance: 70 } })
  })

  it('refuses more than there is, and writes nothing: the key may be tried again', async () => {
    const id = await withCredits(40)
    const body = { user_id: id, amount: 41, idempotency_key: `key-${id}` }
    expect(await spend(body)).toMatchObject({
      status: 402,
      body: short(40),
    })
    expect(await ledger(id)).toHaveLength(1)
    await adjust(id, 1)
    expect((await spend(body)).body).toEqual({ balance: 0 })
    expect(await spend({ ...body, amount: 1, idempotency_key: `other-${id}` })).toMatchObject({
      status: 402,
      body: { balance: 0 },
    })
  })

  it('refuses a wallet that a refund took below zero', async () => {
    const id = await withCredits(-5)
    expect(await spend({ user_id: id, amount: 1, idempotency_key: id })).toMatchObject({
      status: 402,
      body: { balance: -5 },
    })
  })

  it('refuses the same key for another amount or another user', async () => {
    const [id, other] = [await withCredits(100), await withCredits(100)]
    const body = { user_id: id, amount: 30, idempotency_key: `key-${id}` }
    await spend(body)
    for (const changed of [{ amount: 31 }, { user_id: other }, { user_id: 'user_unknown' }]) {
      const { status, body: answer } = await spend({ ...body, ...changed })
      expect([status, answer]).toEqual([409, { error: 'idempotency_key_reused' }])
    }
    expect([await balance(id), await balance(other)]).toEqual([70, 100])
  })

  it('refuses a user whom nobody has brought', async () => {
    const id = randomId('user')
    expect(await spend({ user_id: id, amount: 1, idempotency_key: id })).toMatchObject({
      status: 404,
      body: { error: 'unknown_user' },
    })
    expect(await balance(id)).toBeNull()
  })

  it('keeps keys of callers apart from ours', async () => {
    const id = await withCredits(40)
    const body = { user_id: id, amount: 1, idempotency_key: `signup_bonus:${id}` }
    expect((await spend(body)).body).toEqual({ balance: 39 })
  })

  it('stores notes as Postgres can hold them', async () => {
    const id = await withCredits(40)
    const noted = async (note: unknown) => {
      const { status } = await spend({ user_id: id, amount: 1, idempotency_key: randomId('key'), note })
      const [entry] = await query<{ note: string | null }>(
        'select note from credit_ledger where user_id = $1 order by id desc limit 1',
        [id],
      )
      return [status, entry?.note]
    }
    expect(await noted('a\0b')).toEqual([200, 'ab'])
    expect(await noted('\ud800')).toEqual([200, '\ufffd'])
    expect(await noted('\0')).toEqual([200, null])
    expect(await noted(null)).toEqual([200, null])
    expect(await noted('é'.repeat(500))).toEqual([200, 'é'.repeat(500)])
  })

  it('spends once, although the response was lost', async () => {
    const id = await withCredits(40)
    await failNext('after_commit')
    expect((await spend({ user_id: id, amount: 40, idempotency_key: id })).body).toEqual({ balance: 0 })
    expect(await ledger(id)).toHaveLength(2)
  })

  it('is for your own backend alone', async () => {
    const id = await withCredits(40)
    const body = JSON.stringify({ user_id: id, amount: 1, idempotency_key: id })
    for (const token of [
      null,
      'service-token-of-the-test',
      'service-token-of-the-testsx',
      await tokenFor(id),
    ]) {
      const { result, requests } = await counted(() =>
        callWith(token, '/api/wallet/spend', { method: 'POST', body }),
      )
      expect([result.status, result.body, requests]).toEqual([401, { error: 'unauthorized' }, 0])
    }
    expect((await spend(JSON.parse(body), { SERVICE_TOKEN: '' })).status).toBe(401)
    expect(await balance(id)).toBe(40)
  })

  const good = { user_id: 'user_x', amount: 1, idempotency_key: 'key' }
  const bad: [string, unknown, string[]][] = [
    ['no JSON', '{', ['body']],
    ['nothing', '', ['body']],
    ['an array', [], ['body']],
    ['null', null, ['body']],
    ['no fields', {}, ['user_id', 'amount', 'idempotency_key']],
    ['amount 0', { ...good, amount: 0 }, ['amount']],
    ['a negative amount', { ...good, amount: -1 }, ['amount']],
    ['a fraction', { ...good, amount: 1.5 }, ['amount']],
    ['an amount above 10^12', { ...good, amount: 10 ** 12 + 1 }, ['amount']],
    ['an amount as text', { ...good, amount: '1' }, ['amount']],
    ['an amount beyond all numbers', JSON.stringify(good).replace('1', '1e999'), ['amount']],
    ['an empty key', { ...good, idempotency_key: '' }, ['idempotency_key']],
    ['a key of 256 characters', { ...good, idempotency_key: 'k'.repeat(256) }, ['idempotency_key']],
    ['a key with NUL', { ...good, idempotency_key: 'a\0' }, ['idempotency_key']],
    ['a user id with a space', { ...good, user_id: 'user x' }, ['user_id']],
    ['a long note', { ...good, note: 'n'.repeat(501) }, ['note']],
    ['a note that is no text', { ...good, note: {} }, ['note']],
    ['a misspelt field', { ...good, ammount: 1 }, ['ammount']],
  ]
  it.each(bad)('refuses %s, field by field, and does not look at the database', async (_, body, fields) => {
    const { result, requests } = await counted(() => spend(body))
    expect([result.status, result.body.error, requests]).toEqual([400, 'invalid_request', 0])
    expect(Object.keys(result.body.fields ?? {})).toEqual(fields)
    for (const messages of Object.values(result.body.fields ?? {})) expect(messages[0]).toMatch(/\w{3}/)
  })

  it('says what is wrong with a field', async () => {
    const { body } = await spend({ ...good, amount: 0 })
    expect(body.fields).toEqual({ amount: ['Too small: expected number to be >=1'] })
    for (const amount of [1e30, 1.5])
      expect((await spend({ ...good, amount })).body.fields, `${amount}`).toEqual({
        amount: [
          amount > 2 ? 'Too big: expected number to be <=1000000000000' : expect.stringMatching(/int/),
        ],
      })
    const required = ['is required']
    expect((await spend({})).body.fields).toEqual({
      user_id: required,
      amount: required,
      idempotency_key: required,
    })
    const named = await spend({ ...good, idempotency_key: 'image 7' })
    expect(named.body.fields).toEqual({
      idempotency_key: ['takes 1 to 255 printable ASCII characters, and no space'],
    })
  })

  it('refuses a body above 1 MiB', async () => {
    const reply = await spend({ ...good, note: 'n'.repeat(1024 * 1024) })
    expect([reply.status, reply.body]).toEqual([413, { error: 'payload_too_large' }])
  })
})

describe('simultaneous spends', () => {
  it('two on the last credit: one wins', async () => {
    for (let round = 0; round < 5; round++) {
      const id = await withCredits(1)
      const replies = await Promise.all(
        ['a', 'b'].map((key) => spend({ user_id: id, amount: 1, idempotency_key: `${key}-${id}` })),
      )
      expect(replies.map((reply) => reply.status).sort()).toEqual([200, 402])
      expect(await balance(id)).toBe(0)
    }
  })

  it('of one key on the last credits: both return the same balance', async () => {
    for (let round = 0; round < 5; round++) {
      const id = await withCredits(40)
      const body = { user_id: id, amount: 40, idempotency_key: `key-${id}` }
      const replies = await Promise.all(Array.from({ length: 5 }, () => spend(body)))
      expect(replies.map((reply) => [reply.status, reply.body])).toEqual(
        replies.map(() => [200, { balance: 0 }]),
      )
      expect(await ledger(id)).toHaveLength(2)
    }
  })

  it('beside one that was still open: the same key returns its balance, another one finds nothing left', async () => {
    const id = await withCredits(40)
    const [same, other] = await during([spent(id, 40, `key-${id}`)], () => [
      spend({ user_id: id, amount: 40, idempotency_key: `key-${id}` }),
      spend({ user_id: id, amount: 1, idempotency_key: `other-${id}` }),
    ])
    expect([same.status, same.body]).toEqual([200, { balance: 0 }])
    expect([other.status, other.body]).toEqual([402, short(0)])
  })

  it('beside another user’s of the same key that was still open: refused', async () => {
    const [id, other] = [await withCredits(40), await withCredits(40)]
    const { result, requests } = await counted(() =>
      during([spent(id, 1, `key-${id}`)], () => [
        spend({ user_id: other, amount: 1, idempotency_key: `key-${id}` }),
      ]),
    )
    expect([result[0].status, requests]).toEqual([409, 1])
    expect(await balance(other)).toBe(40)
  })

  it('beside an entry of another program that was still open: counts it', async () => {
    const id = await withCredits(40)
    const [reply] = await during([written(id, -40)], () => [
      spend({ user_id: id, amount: 1, idempotency_key: id }),
    ])
    expect([reply.status, reply.body]).toEqual([402, short(0)])
  })

  it('beside a first request that was still open: spends of what it brings', async () => {
    const id = randomId('user')
    await deliver('stripe', checkoutEvent('checkout.session.completed', { user: id, credits: 40 }))
    const [reply] = await during([heldSession(id)], () => [
      spend({ user_id: id, amount: 40, idempotency_key: id }),
    ])
    expect([reply.status, reply.body]).toEqual([200, { balance: 0 }])
  })

  it('beside a deletion that was still open: refused', async () => {
    const id = await withCredits(40)
    const [reply] = await during([heldDelete(id)], () => [
      spend({ user_id: id, amount: 1, idempotency_key: id }),
    ])
    expect(reply.status).toBe(403)
  })

  it('50 random ones never go below zero, and those that succeeded are the ledger', async () => {
    const amounts = fc.array(fc.record({ amount: fc.integer({ min: 1, max: 30 }), key: fc.nat(40) }), {
      minLength: 50,
      maxLength: 50,
    })
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 300 }), amounts, async (credits, spends) => {
        const id = await withCredits(credits)
        const replies = await Promise.all(
          spends.map(({ amount, key }) => spend({ user_id: id, amount, idempotency_key: `${key}-${id}` })),
        )
        const taken = new Map<number, { amount: number; balance: number | undefined }>()
        for (const [i, { amount, key }] of spends.entries()) {
          const reply = replies[i]
          expect([200, 402, 409]).toContain(reply?.status)
          if (reply?.status !== 200) continue
          const known = taken.get(key) ?? { amount, balance: reply.body.balance }
          taken.set(key, known)
          expect({ amount, balance: reply.body.balance }).toEqual(known)
        }
        const rows = (await ledger(id)).filter((entry) => entry.kind === 'spend')
        expect(rows).toHaveLength(taken.size)
        const left = credits - [...taken.values()].reduce((sum, { amount }) => sum + amount, 0)
        expect(left).toBeGreaterThanOrEqual(0)
        expect(await balance(id)).toBe(left)
        for (const { balance } of taken.values()) expect(balance).toBeGreaterThanOrEqual(left)
      }),
      playing(10),
    )
  })
})

const pageOf = async (id: string, query: string) => (await as<Page>(id, `/api/wallet?${query}`)).body

describe('GET /api/wallet', () => {
  it('returns balance and entries, newest first, in one request to the database', async () => {
    const id = await withCredits(100)
    await spend({ user_id: id, amount: 30, idempotency_key: id, note: 'Two images' })
    const { result, requests } = await counted(() => as<Page>(id, '/api/wallet'))
    expect(requests).toBe(1)
    expect(result.body).toEqual({
      balance: 70,
      entries: [
        {
          id: expect.any(Number),
          kind: 'spend',
          amount: -30,
          balance_after: 70,
          note: 'Two images',
          reference: null,
          created_at: expect.any(String),
        },
        {
          id: expect.any(Number),
          kind: 'adjustment',
          amount: 60,
          balance_after: 100,
          note: null,
          reference: null,
          created_at: expect.any(String),
        },
        {
          id: expect.any(Number),
          kind: 'signup_bonus',
          amount: 40,
          balance_after: 40,
          note: null,
          reference: null,
          created_at: expect.any(String),
        },
      ],
      next_cursor: null,
    })
    expect(result.body.entries[0]?.created_at).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
  })

  it('pages 50 at a time unless asked otherwise, and the last page has no next', async () => {
    const id = await withCredits(40)
    await query(
      `insert into credit_ledger (user_id, kind, amount, idempotency_key)
       select $1, 'adjustment', 1, $1 || n from generate_series(1, 99) n`,
      [id],
    )
    const first = await pageOf(id, '')
    const second = await pageOf(id, `cursor=${first.next_cursor}`)
    expect([first.entries.length, second.entries.length, second.next_cursor]).toEqual([50, 50, null])
    expect((await pageOf(id, 'limit=100')).next_cursor).toBeNull()
    expect((await pageOf(id, 'limit=99')).entries.at(-1)).toMatchObject({ balance_after: 41 })
  })

  it('pages put together are the ledger, with right balances, whatever is written between them', async () => {
    const amount = fc.integer({ min: -50, max: 50 }).filter((n) => n !== 0)
    const step = fc.record({
      limit: fc.integer({ min: 1, max: 7 }),
      meanwhile: fc.array(amount, { maxLength: 3 }),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(amount, { maxLength: 25 }),
        fc.array(step, { minLength: 30, maxLength: 30 }),
        async (amounts, steps) => {
          const id = await withCredits(40)
          for (const amount of amounts) await adjust(id, amount)
          const atStart = (await ledger(id)).map((entry) => Number(entry.amount))

          const seen: Page['entries'] = []
          let cursor: string | null = ''
          for (const { limit, meanwhile } of steps) {
            if (cursor === null) break
            const page: Page = await pageOf(id, `limit=${limit}${cursor && `&cursor=${cursor}`}`)
            expect(page.entries.length).toBeLessThanOrEqual(limit)
            expect(page.balance).toBe(await balance(id))
            seen.push(...page.entries)
            cursor = page.next_cursor
            await Promise.all(meanwhile.map((amount) => adjust(id, amount)))
          }
          expect(cursor).toBeNull()
          const sumTo = (place: number) =>
            atStart.slice(0, place + 1).reduce((sum, amount) => sum + amount, 0)
          expect(seen.reverse().map(({ amount, balance_after }) => [amount, balance_after])).toEqual(
            atStart.map((amount, place) => [amount, sumTo(place)]),
          )
        },
      ),
      playing(15),
    )
  })

  it('never shows an entry below one that was read before, also of a program that holds no lock of ours', async () => {
    const id = await withCredits(40)
    let before: Page | undefined
    await during(
      [written(id, 5)],
      () => [adjust(id, 7)],
      async () => {
        before = await pageOf(id, '')
      },
    )
    const after = await pageOf(id, '')
    expect(after.entries.map((entry) => entry.balance_after)).toEqual([52, 45, 40])
    expect(after.entries.slice(2)).toEqual(before?.entries)
  })

  it('gives an entry whose id was drawn before another one committed a place above that', async () => {
    const id = await withCredits(40)
    const [drawn] = await query(`select nextval(pg_get_serial_sequence('credit_ledger', 'id'))::text as id`)
    await adjust(id, 7)
    const { entries: before } = await pageOf(id, '')
    await query(
      `insert into credit_ledger (id, user_id, kind, amount, idempotency_key)
       overriding system value values ($1, $2, 'adjustment', 5, $3)`,
      [drawn?.id, id, randomId('overtaken')],
    )
    const { entries } = await pageOf(id, '')
    expect(entries.map((entry) => entry.balance_after)).toEqual([52, 47, 40])
    expect(entries.slice(1)).toEqual(before)
  })

  it('refuses cursors and limits that are none', async () => {
    const [id, other] = [await withCredits(60), await withCredits(60)]
    const { next_cursor: foreign } = await pageOf(other, 'limit=1')
    const bad = [
      '',
      'x',
      '%00',
      'MTI',
      btoa('1.2.3'),
      btoa('-1.0'),
      btoa('99999999999999999.1'),
      'é',
      foreign,
    ]
    for (const cursor of bad) {
      const reply = await as(id, `/api/wallet?cursor=${cursor}`)
      expect([reply.status, reply.body]).toEqual([
        400,
        { error: 'invalid_request', fields: { cursor: ['is not a next_cursor of this wallet'] } },
      ])
    }
    for (const limit of ['0', '101', '-1', '1.5', 'x', '']) {
      const { result, requests } = await counted(() => as(id, `/api/wallet?limit=${limit}`))
      expect([result.status, Object.keys(result.body.fields as object), requests]).toEqual([
        400,
        ['limit'],
        0,
      ])
    }
  })
})
