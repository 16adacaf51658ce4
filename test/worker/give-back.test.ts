import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { randomId } from '../../local/events.ts'
import { accountSettings, backend, callWith, giveBack, grant, spend } from './account-support.ts'
import { during, heldDelete } from './held.ts'
import { leave, signedUp } from './people.ts'
import { playing } from './random-histories.ts'
import { balance, counted, failNext, ledger, query } from './support.ts'

/** Makes a user with 40 credits who has spent this many of them. Returns the key of the spend. */
async function spent(amount: number) {
  const id = await signedUp()
  const key = `job-${id}`
  expect((await spend({ user_id: id, amount, idempotency_key: key, reference: `ref-${id}` })).status).toBe(
    200,
  )
  return { id, key, back: { user_id: id, spend_key: key, idempotency_key: `back-${id}` } }
}

describe('POST /api/wallet/give-back', () => {
  it('gives all of a spend back, in one request to the database', async () => {
    const { id, key, back } = await spent(30)
    const { result, requests, statements } = await counted(() =>
      giveBack({ ...back, note: 'The job failed' }),
    )
    expect([result.status, result.body]).toEqual([200, { balance: 40, given_back: 30, closed: false }])
    expect([requests, statements]).toEqual([1, 1])
    const [, taken, returned] = (await ledger(id)) as Record<string, unknown>[]
    expect(taken).toMatchObject({ kind: 'spend', idempotency_key: `spend:${key}` })
    expect(returned).toMatchObject({
      kind: 'spend_reversal',
      amount: '30',
      reverses: taken?.id,
      reference: `ref-${id}`,
      note: 'The job failed',
      caller: null,
      idempotency_key: `give_back:${back.idempotency_key}`,
    })
    expect(await balance(id)).toBe(40)
  })

  it('gives a part back, then another, then what is left, and never more than the spend took', async () => {
    const { id, back } = await spent(30)
    const part = (number: number, amount?: number) =>
      giveBack({ ...back, idempotency_key: `${number}-${id}`, amount })
    expect((await part(1, 10)).body).toMatchObject({ balance: 20, given_back: 10 })
    expect((await part(2, 5)).body).toMatchObject({ balance: 25, given_back: 5 })
    const tooMuch = await part(3, 16)
    expect([tooMuch.status, tooMuch.body]).toEqual([409, { error: 'more_than_spent', left: 15 }])
    expect((await part(3)).body).toMatchObject({ balance: 40, given_back: 15 })
    for (const amount of [1, undefined]) {
      const nothing = await part(4, amount)
      expect([nothing.status, nothing.body]).toEqual([409, { error: 'more_than_spent', left: 0 }])
    }
    expect(await balance(id)).toBe(40)
  })

  it('returns the same for the same key, whatever happened since, and refuses it for anything else', async () => {
    const { id, back } = await spent(30)
    const first = { ...back, amount: 10 }
    const told = { balance: 20, given_back: 10, closed: false }
    expect((await giveBack(first)).body).toEqual(told)
    await giveBack({ ...back, idempotency_key: `rest-${id}` })
    await leave(id)
    expect((await giveBack(first)).body).toEqual(told)

    const other = await spent(30)
    for (const changed of [{ amount: 11 }, { spend_key: other.key }, { user_id: other.id }]) {
      const { status, body } = await giveBack({ ...first, ...changed })
      expect([status, body]).toEqual([409, { error: 'idempotency_key_reused' }])
    }
  })

  it('is in a header of a repeated spend, whose body stays the same: what it paid for is not paid any more', async () => {
    const { id, key, back } = await spent(30)
    async function again() {
      const { body, headers } = await spend({ user_id: id, amount: 30, idempotency_key: key })
      return [body, headers.get('Ledgerhook-Given-Back')]
    }
    expect(await again()).toEqual([{ balance: 10 }, null])
    await giveBack({ ...back, amount: 10 })
    expect(await again()).toEqual([{ balance: 10 }, '10'])
    await giveBack({ ...back, idempotency_key: `rest-${id}` })
    expect(await again()).toEqual([{ balance: 10 }, '30'])
    expect(await balance(id)).toBe(40)
  })

  it('gives back to a closed wallet all the same, and says so each time', async () => {
    const { id, back } = await spent(30)
    await leave(id)
    const told = { balance: 40, given_back: 30, closed: true }
    expect(await giveBack(back)).toMatchObject({ status: 200, body: told })
    expect((await giveBack(back)).body).toEqual(told)
    expect(await balance(id)).toBe(40)
  })

  it('gives back to a user who is banned', async () => {
    const { id, back } = await spent(30)
    await query('update wallets set banned_at = now() where user_id = $1', [id])
    expect(await giveBack(back)).toMatchObject({ status: 200, body: { balance: 40, closed: false } })
  })

  it('knows no spend of another user, and nothing but spends', async () => {
    const [one, other] = [await spent(30), await spent(30)]
    const unknown = async (changed: object) => {
      const { status, body } = await giveBack({ ...one.back, ...changed })
      return [status, body.error]
    }
    expect(await unknown({ spend_key: other.key })).toEqual([404, 'unknown_spend'])
    expect(await unknown({ spend_key: `signup_bonus:${one.id}` })).toEqual([404, 'unknown_spend'])
    expect(await unknown({ spend_key: 'nothing' })).toEqual([404, 'unknown_spend'])
    expect(await unknown({ user_id: randomId('user') })).toEqual([404, 'unknown_user'])
    expect([await balance(one.id), await balance(other.id)]).toEqual([10, 10])
  })

  it('refuses what would no longer be exact', async () => {
    const { id, back } = await spent(30)
    await query(
      `insert into credit_ledger (user_id, kind, amount, idempotency_key) values ($1, 'adjustment', $2, $1)`,
      [id, 2 ** 53 - 1 - 10],
    )
    expect(await giveBack(back)).toMatchObject({ status: 409, body: { error: 'limit_exceeded' } })
  })

  it('gives back once, although the response was lost', async () => {
    const { id, back } = await spent(30)
    await failNext('after_commit')
    expect((await giveBack(back)).body).toMatchObject({ balance: 40, given_back: 30 })
    expect(await ledger(id)).toHaveLength(3)
  })

  it('waits for a deletion that is still open, then gives back, and says that the wallet is closed', async () => {
    const { id, back } = await spent(30)
    const [reply] = await during([heldDelete(id)], () => [giveBack(back)])
    expect([reply.status, reply.body]).toEqual([200, { balance: 40, given_back: 30, closed: true }])
    expect((await giveBack(back)).body).toEqual(reply.body)
  })

  it('waits for another give-back that is still open, then gives back only what is left', async () => {
    const { id, back } = await spent(30)
    const held = { ...back, amount: 20, idempotency_key: `held-${id}` }
    const [reply] = await during([['select give_back($1)', [JSON.stringify(held)]]], () => [
      giveBack({ ...back, amount: 20 }),
    ])
    expect([reply.status, reply.body]).toEqual([409, { error: 'more_than_spent', left: 10 }])
  })

  const good = { user_id: 'user_x', spend_key: 'job', idempotency_key: 'key' }
  it.each([
    ['nothing', {}, ['user_id', 'spend_key', 'idempotency_key']],
    ['amount 0', { ...good, amount: 0 }, ['amount']],
    ['a key with a space', { ...good, spend_key: 'a b' }, ['spend_key']],
    ['a misspelt field', { ...good, spent_key: 'job' }, ['spent_key']],
  ])('refuses %s, and does not look at the database', async (_, body, fields) => {
    const { result, requests } = await counted(() => giveBack(body))
    expect([result.status, Object.keys(result.body.fields ?? {}), requests]).toEqual([400, fields, 0])
  })

  it('is for your own backend, and no browser is let in', async () => {
    const { id, back } = await spent(30)
    const { requests } = await counted(async () => {
      expect((await backend('/api/wallet/give-back', back, {}, 'another-token-of-somebody')).status).toBe(401)
    })
    expect(requests).toBe(0)
    const headers = { Origin: 'https://app.example.com' }
    const init = { method: 'POST', headers, body: JSON.stringify(back) }
    const reply = await callWith(accountSettings.SERVICE_TOKEN, '/api/wallet/give-back', init)
    expect(reply.headers.get('Access-Control-Allow-Origin')).toBeNull()
    expect(await balance(id)).toBe(40)
  })
})

type Move = { act: 'spend' | 'back' | 'grant'; amount: number; key: number; of: number; user: number }

const moves = fc.array(
  fc.record<Move>({
    act: fc.constantFrom('spend', 'back', 'grant'),
    amount: fc.integer({ min: 1, max: 25 }),
    key: fc.nat(12),
    of: fc.nat(12),
    user: fc.nat(1),
  }),
  { minLength: 24, maxLength: 64 },
)

interface Entry {
  id: string
  kind: string
  amount: string
  reverses: string | null
  campaign: string | null
}
const sum = (entries: Entry[]) => entries.reduce((total, { amount }) => total + Number(amount), 0)

/** Eight callers at once, each of which makes its own calls one after the other. */
async function byEight<Made>(all: Move[], make: (move: Move) => Promise<Made>): Promise<Made[]> {
  const made: Made[] = []
  const caller = async (number: number) => {
    for (let i = number; i < all.length; i += 8) made[i] = await make(all[i] as Move)
  }
  await Promise.all(Array.from({ length: 8 }, (_, number) => caller(number)))
  return made
}

describe('random spends, give-backs and grants of eight callers at once, with keys repeated', () => {
  it('end with a ledger that adds up, nobody has more back than was taken or more granted than the caps allow', async () => {
    await fc.assert(
      fc.asyncProperty(moves, async (all) => {
        const ids = [await signedUp(), await signedUp()]
        const campaign = `run-${ids[0]}`
        const env = {
          GRANT_LIMIT: '{"per_call": 20, "per_user_day": 45, "per_day": 1000000000}',
          CAMPAIGNS: JSON.stringify({ [campaign]: { per_user: 40, total: 60 } }),
        }
        const replies = await byEight(all, ({ act, amount, key, of, user }) => {
          const body = { user_id: ids[user], amount, idempotency_key: `${key}-${ids[user]}` }
          if (act === 'spend') return spend(body)
          // An even key belongs to the campaign.
          const named = key % 2 === 0 ? { campaign } : {}
          if (act === 'grant') return grant({ ...body, ...named, note: 'A gesture' }, env)
          return giveBack({ ...body, spend_key: `${of}-${ids[user]}` })
        })
        const told = new Map<string, string>()
        for (const [i, { act, amount, key, of, user }] of all.entries()) {
          const { status, body } = replies[i] as (typeof replies)[number]
          expect(body.error, JSON.stringify([act, body])).not.toBe('unavailable')
          if (status !== 200) continue
          // One key is one request: repeating it returns the same, and another amount is refused.
          const said = JSON.stringify([amount, act === 'back' ? of : null, body])
          expect(told.get(`${act} ${key} ${user}`) ?? said).toBe(said)
          told.set(`${act} ${key} ${user}`, said)
        }
        const ledgers = (await Promise.all(ids.map(ledger))) as unknown as Entry[][]
        expect(ledgers.flat()).toHaveLength(2 + told.size)
        const inCampaign = (entries: Entry[]) => sum(entries.filter((entry) => entry.campaign === campaign))
        expect(inCampaign(ledgers.flat())).toBeLessThanOrEqual(60)
        for (const [user, entries] of ledgers.entries()) {
          expect(await balance(ids[user] as string)).toBe(sum(entries))
          for (const entry of entries) {
            const back = sum(entries.filter(({ reverses }) => reverses === entry.id))
            expect(back).toBeLessThanOrEqual(Math.max(-Number(entry.amount), 0))
          }
          for (const end of entries.keys()) expect(sum(entries.slice(0, end + 1))).toBeGreaterThanOrEqual(0)
          expect(inCampaign(entries)).toBeLessThanOrEqual(40)
          expect(sum(entries.filter(({ kind }) => kind === 'grant'))).toBeLessThanOrEqual(45)
        }
      }),
      playing(12),
    )
  }, 600_000)
})
