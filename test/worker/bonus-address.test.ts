import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clerkEvent, randomId } from '../../local/events.ts'
import { count, logged } from './engine-support.ts'
import { leave } from './people.ts'
import { HISTORIES, playing } from './random-histories.ts'
import { balance, deliver, type Env, holdOpen, ledger, query, runScheduled, said, user } from './support.ts'

const env: Env = { SIGNUP_BONUS_ONCE_PER: 'email' }
const once: Env = { SIGNUP_BONUS_ONCE_PER: 'user' }
const NOW = Date.parse('2026-03-01T00:00:00Z')

interface Said {
  /** The addresses. The first is the primary one. */
  verified?: string[]
  unverified?: string[]
  /** The time of the change: later than 0. */
  at?: number
  type?: 'user.created' | 'user.updated'
  created?: number
}

/** Clerk reports a user with these addresses. */
async function tell(id: string, { verified = [], unverified = [], ...about }: Said, under: Env = env) {
  const { at = 0, type = 'user.updated', created = NOW } = about
  const address = (status: string) => (email: string) => ({
    id: `idn_${email}`,
    email_address: email,
    object: 'email_address',
    linked_to: [],
    verification: { status, strategy: 'email_code', attempts: 1, expire_at: null },
  })
  const addresses = [...verified.map(address('verified')), ...unverified.map(address('unverified'))]
  const data = {
    created_at: created,
    email_addresses: addresses,
    primary_email_address_id: addresses[0]?.id ?? null,
  }
  const settings = { REQUIRE_EMAIL: 'false', ...under }
  return said(await deliver('clerk', clerkEvent(type, { user: id, at: NOW + at, data }), { env: settings }))
}
const fresh = (domain = 'example.com') => `${randomId('ada')}@${domain}`.toLowerCase()
const bonusOf = async (id: string) => (await ledger(id)).filter(({ kind }) => kind === 'signup_bonus').length

describe('with SIGNUP_BONUS_ONCE_PER = "email"', () => {
  it.each<[string, (name: string) => string, (name: string) => string]>([
    ['the same address', (name) => `${name}@example.com`, (name) => `${name}@example.com`],
    ['other capitals', (name) => `${name}@example.com`, (name) => `${name.toUpperCase()}@Example.COM`],
    ['a plus-tag', (name) => `${name}@example.com`, (name) => `${name}+again@example.com`],
    ['two plus-tags', (name) => `${name}+one@example.com`, (name) => `${name}+two+three@example.com`],
    ['dots at Gmail', (name) => `a.da.${name}@gmail.com`, (name) => `ada${name}@googlemail.com`],
  ])('%s brings no second bonus to whoever deletes and signs up again', async (_what, first, second) => {
    const name = randomId('n').replace('_', '').toLowerCase()
    const [before, after] = [randomId('user'), randomId('user')]
    await tell(before, { verified: [first(name)] })
    expect(await balance(before)).toBe(40)
    await leave(before, { env: { ...env, USER_DELETION: 'delete' } })
    await runScheduled({ USER_DELETION: 'delete' }, 'erase_payloads')
    expect(await user(before)).toBeUndefined()
    expect(await tell(after, { verified: [second(name)] })).toBe('applied')
    expect(await balance(after)).toBe(0)
  })

  it('another address brings one, and dots elsewhere are another address', async () => {
    const name = randomId('n').replace('_', '').toLowerCase()
    for (const email of [`a.${name}@example.com`, `a${name}@example.com`, `+${name}@example.com`, fresh()]) {
      const id = randomId('user')
      await tell(id, { verified: [email] })
      expect([email, await balance(id)]).toEqual([email, 40])
    }
  })

  it('any verified address counts, also one that a stale event reports, and one of a deleted user', async () => {
    const [second, stale, late] = [fresh(), fresh(), fresh()]
    const id = randomId('user')
    await tell(id, { verified: [fresh(), second], at: 9 })
    expect(await tell(id, { verified: [stale], at: 5 })).toBe('stale older_than_stored')
    await leave(id)
    expect(await tell(id, { verified: [late], at: 20 })).toBe('stale user_deleted')
    for (const email of [second, stale, late]) {
      const again = randomId('user')
      await tell(again, { verified: [email] })
      expect(await balance(again)).toBe(0)
    }
  })

  it('an address that is not verified neither brings the bonus nor uses it up; a later event does', async () => {
    const email = fresh()
    const [one, other] = [randomId('user'), randomId('user')]
    await tell(one, { unverified: [email] })
    expect(await balance(one)).toBe(0)
    await tell(other, { verified: [email] })
    expect(await balance(other)).toBe(40)
    const [inOrder, reversed] = [randomId('user'), randomId('user')]
    const mine = { [inOrder]: fresh(), [reversed]: fresh() }
    await tell(inOrder, { unverified: [mine[inOrder] ?? ''], at: 1 })
    await tell(inOrder, { verified: [mine[inOrder] ?? ''], at: 2 })
    await tell(reversed, { unverified: [mine[reversed] ?? ''], at: 2 })
    await tell(reversed, { verified: [mine[reversed] ?? ''], at: 1 })
    expect([await balance(inOrder), await balance(reversed)]).toEqual([40, 40])
  })

  it('still depends on the date of the sign-up, and on the first of Clerk’s data', async () => {
    const since: Env = { ...env, SIGNUP_BONUS_SINCE: new Date(NOW).toISOString() }
    const [old, known] = [randomId('user'), randomId('user')]
    await tell(old, { verified: [fresh()], created: NOW - 1 }, since)
    await tell(known, { verified: [fresh()] }, { ...env, SIGNUP_BONUS_CREDITS: '0' })
    await tell(known, { verified: [fresh()], at: 5 }, since)
    expect([await balance(old), await balance(known)]).toEqual([0, 0])
  })

  it('two users of one address at the same moment have one bonus between them', async () => {
    for (let round = 0; round < 10; round++) {
      const email = fresh('gmail.com')
      const ids = Array.from({ length: 4 }, () => randomId('user'))
      const spellings = [email, email.toUpperCase(), email.replace('@', '+x@'), email]
      await Promise.all(ids.map((id, i) => tell(id, { verified: [spellings[i] ?? email] })))
      const had = await Promise.all(ids.map(bonusOf))
      expect(had.reduce((sum, one) => sum + one, 0)).toBe(1)
    }
  })

  it('remembers an address as its HMAC-SHA-256 alone', async () => {
    const email = fresh('gmail.com')
    await tell(randomId('user'), { verified: [email.replace('ada', 'A.D.A').replace('@', '+tag@')] })
    const [stored] = await query<{ key: string }>('select key from bonus_key')
    const hmac = createHmac('sha256', Buffer.from(stored?.key ?? '', 'hex'))
      .update(email)
      .digest('hex')
    expect(stored?.key).toMatch(/^[0-9a-f]{64}$/)
    expect(await count('bonus_addresses', 'address = $1', [hmac])).toBe(1)
    const [columns] = await query<{ names: string[] }>(
      `select array_agg(column_name::text order by column_name::text) as names from information_schema.columns where table_name = 'bonus_addresses'`,
    )
    expect(columns?.names).toEqual(['address', 'created_at'])
  })
})

describe('with SIGNUP_BONUS_ONCE_PER = "user"', () => {
  it('every user has one, and no address is remembered', async () => {
    const email = fresh()
    const before = await count('bonus_addresses')
    for (const id of [randomId('user'), randomId('user')]) {
      await tell(id, { verified: [email] }, once)
      expect(await balance(id)).toBe(40)
      await leave(id, { env: once })
    }
    const phone = randomId('user')
    await tell(phone, {}, once)
    expect([await balance(phone), await count('bonus_addresses')]).toEqual([40, before])
  })
})

describe('switching it on', () => {
  const again = async (email: string) => {
    const id = randomId('user')
    await tell(id, { verified: [email] })
    return await balance(id)
  }

  it('uses up in bites the addresses of those who had the bonus before, and of no others', async () => {
    const people = Array.from({ length: 30 }, () => ({ id: randomId('user'), email: fresh() }))
    for (const { id, email } of people) await tell(id, { verified: [email] }, once)
    const [unverified, without] = [fresh(), fresh()]
    await tell(randomId('user'), { unverified: [unverified] }, once)
    await tell(randomId('user'), { verified: [without] }, { ...once, SIGNUP_BONUS_CREDITS: '0' })
    await query(`update tasks set cursor = null where name = 'use_addresses'`)
    await runScheduled(once, 'use_addresses')
    expect(await again(people[0]?.email ?? '')).toBe(40)
    await query(
      `insert into users (id, email) select 'user_many_' || n, 'many' || n || '@example.com' from generate_series(1, 1200) n`,
    )
    await runScheduled(env, 'use_addresses')
    const [task] = await query<{ cursor: unknown }>(`select cursor from tasks where name = 'use_addresses'`)
    expect(task?.cursor).toBe('done')
    expect(await Promise.all(people.slice(1).map(({ email }) => again(email)))).toEqual(
      people.slice(1).map(() => 0),
    )
    expect([await again(unverified), await again(without)]).toEqual([40, 40])
  })

  it('begins anew where it was switched off meanwhile, and asks nothing once it is done', async () => {
    const [id, email] = [randomId('user'), fresh()]
    await runScheduled(env, 'use_addresses')
    await tell(id, { verified: [email] }, once)
    await runScheduled(once, 'use_addresses')
    await runScheduled(env, 'use_addresses')
    expect(await again(email)).toBe(0)
  })

  it('waits for nobody who has an address locked, and goes on in the next run', async () => {
    const [id, email] = [randomId('user'), fresh()]
    await tell(id, { verified: [email] }, once)
    await query(`update tasks set cursor = null where name = 'use_addresses'`)
    const commit = await holdOpen([`select lock_subjects($1)`, [`email:${email}`]])
    const lines = await logged(() => runScheduled(env, 'use_addresses'))
    expect(lines).toContainEqual(expect.objectContaining({ message: 'task failed', task: 'use_addresses' }))
    await commit()
    await runScheduled(env, 'use_addresses')
    expect(await again(email)).toBe(0)
  })

  it('includes somebody who deletes the account before the bite reaches it', async () => {
    const [id, email] = [randomId('user'), fresh()]
    await tell(id, { verified: [email] }, once)
    await query(`update tasks set cursor = null where name = 'use_addresses'`)
    await leave(id, { env: { ...env, USER_DELETION: 'delete' } })
    expect(await again(email)).toBe(0)
  })
})

const told = fc.record({
  user: fc.nat(3),
  addresses: fc.subarray([0, 1, 2, 3], { minLength: 0 }),
  at: fc.nat(20),
  leaves: fc.integer({ min: 0, max: 9 }).map((one) => one === 0),
  erases: fc.boolean(),
})

const UNKNOWN = { isGone: false, isDecided: false, bonuses: 0 }

it('in random histories of several people, no user and no address gets two bonuses', {
  timeout: 3_600_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(told, { minLength: 2, maxLength: 10 }), async (history) => {
      const name = randomId('n').replace('_', '').toLowerCase()
      const people = Array.from({ length: 4 }, () => ({ id: randomId('user'), ...UNKNOWN }))
      const used = new Set<number>()
      for (const { user: number, addresses, at, leaves, erases } of history) {
        const person = people[number]
        if (!person) continue
        if (leaves) {
          await leave(person.id, { env: erases ? { ...env, USER_DELETION: 'delete' } : env })
          person.isGone = true
          continue
        }
        const spelled = addresses.map((one) => `${name}.${one}${at % 2 ? '+t' : ''}@gmail.com`)
        await tell(person.id, { verified: spelled, at })
        if (!person.isGone && !person.isDecided && addresses.length > 0) {
          person.isDecided = true
          person.bonuses = addresses.some((one) => used.has(one)) ? 0 : 1
        }
        if (person.bonuses > 0) for (const one of addresses) used.add(one)
      }
      for (const { id, bonuses } of people) expect(await bonusOf(id)).toBe(bonuses)
    }),
    playing(Math.ceil(HISTORIES / 8)),
  )
})
