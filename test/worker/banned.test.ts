import { describe, expect, it } from 'vitest'
import { checkoutEvent, clerkEvent, randomId } from '../../local/events.ts'
import { spend } from './account-support.ts'
import { checkout, portal } from './checkout-support.ts'
import { as, leave, signedUp, signUp } from './people.ts'
import { balance, deliver, query, settings, stripeAnswers } from './support.ts'

const NO_ADDRESS = { email_addresses: [], primary_email_address_id: null }

const ban = (user: string, banned: boolean) =>
  deliver('clerk', clerkEvent('user.updated', { user, data: { banned } }))

describe('a user whom Clerk has banned', () => {
  it('neither spends nor buys until the ban is lifted, and sees it', async () => {
    const id = await signedUp()
    expect((await as(id, '/api/me')).body).toMatchObject({ banned: false })
    await ban(id, true)
    const refused = { status: 403, body: { error: 'user_banned' } }
    expect(await spend({ user_id: id, amount: 1, idempotency_key: `a-${id}` })).toMatchObject(refused)
    expect(await checkout(id)).toMatchObject(refused)
    expect((await as(id, '/api/me')).body).toMatchObject({ banned: true, balance: 40 })

    await ban(id, false)
    expect((await spend({ user_id: id, amount: 1, idempotency_key: `b-${id}` })).body).toEqual({
      balance: 39,
    })
    expect((await as(id, '/api/me')).body).toMatchObject({ banned: false })
  })

  it.each(['by Clerk’s webhook', 'by a session alone'])(
    'is barred without an address too, and is here %s',
    async (how) => {
      const id = randomId('user')
      if (how === 'by a session alone') await as(id, '/api/me')
      else await signUp(id)
      const told = async (banned: boolean, updated_at: number, data: object = NO_ADDRESS) =>
        await deliver(
          'clerk',
          clerkEvent('user.updated', { user: id, data: { banned, updated_at, ...data } }),
        )
      const isBanned = async () => ((await as(id, '/api/me')).body as { banned: boolean }).banned
      const now = Date.now()
      const rejected = { outcome: 'rejected', reason: 'missing_email' }

      expect(await told(true, now + 2_000)).toMatchObject(rejected)
      expect(await isBanned()).toBe(true)
      expect((await spend({ user_id: id, amount: 1, idempotency_key: `c-${id}` })).status).toBe(403)
      // Older events arrive later, with an address and without one.
      expect(await told(false, now + 1_000, {})).toMatchObject({ outcome: 'applied' })
      expect(await told(false, now + 1_500)).toMatchObject(rejected)
      expect(await isBanned()).toBe(true)

      expect(await told(false, now + 3_000)).toMatchObject(rejected)
      expect(await isBanned()).toBe(false)
      expect(await told(true, now + 2_500)).toMatchObject(rejected)
      expect(await isBanned()).toBe(false)
      expect(await balance(id)).toBe(40)
    },
  )

  describe.each([
    ['before the session', ['told', 'session']],
    ['after the session', ['session', 'told']],
  ])('and who has no address', (when, order) => {
    const told = (id: string, banned: boolean, at: number, more: object = NO_ADDRESS) =>
      deliver('clerk', clerkEvent('user.updated', { user: id, data: { banned, updated_at: at, ...more } }))
    const NOW = Date.now()

    /** Plays what Clerk says and the person's first session in this order, and returns the wallet. */
    async function inOrder(says: (id: string) => Promise<unknown>): Promise<object | undefined> {
      const id = randomId('user')
      for (const one of order) await (one === 'told' ? says(id) : as(id, '/api/me'))
      const { body } = await as<{ banned: boolean; balance: number }>(id, '/api/me')
      expect((await checkout(id)).status).toBe(body.banned ? 403 : 200)
      return body
    }

    it(`stays banned if the ban came ${when}`, async () => {
      const state = await inOrder((id) => told(id, true, NOW))
      expect(state).toMatchObject({ banned: true, balance: 0 })
    })

    it.each([
      ['in order', [true, false], [1, 2]],
      ['in the other order', [false, true], [2, 1]],
    ])(`is not banned if the ban and its end came ${when}, %s`, async (_, says, at) => {
      const state = await inOrder(async (id) => {
        for (const [i, banned] of says.entries()) await told(id, banned, NOW + (at[i] ?? 0))
      })
      expect(state).toMatchObject({ banned: false })
    })

    it(`is banned with an address too if both came ${when}, the older with the address`, async () => {
      const state = await inOrder(async (id) => {
        await told(id, true, NOW + 2)
        await told(id, false, NOW + 1, {})
      })
      expect(state).toMatchObject({ banned: true, balance: 40 })
    })
  })

  it('stays deleted, and nothing waits any more', async () => {
    const id = randomId('user')
    const at = Date.now()
    await deliver(
      'clerk',
      clerkEvent('user.updated', { user: id, at, data: { banned: true, ...NO_ADDRESS } }),
    )
    await leave(id)
    expect(await as(id, '/api/me')).toMatchObject({ status: 403, body: { error: 'user_deactivated' } })
    expect(await query('select from waiting where subject = $1', [`user:${id}`])).toEqual([])
  })

  it('is barred from the first session on, if that session reads from Clerk that there is no address', async () => {
    const id = randomId('user')
    const { data } = clerkEvent('user.created', { user: id, data: { banned: true, ...NO_ADDRESS } })
    await stripeAnswers({ [`GET /v1/users/${id}`]: { body: data } })
    const env = { CLERK_SECRET_KEY: 'sk_test_of_the_ban', CLERK_API_BASE: settings.STRIPE_API_BASE }
    expect((await as(id, '/api/me', { env })).body).toMatchObject({ banned: true, balance: 0 })
  })

  it('is credited what was paid, and may still open the customer portal', async () => {
    const id = await signedUp()
    await ban(id, true)
    const session = { customer: `cus_${id}` }
    expect(
      await deliver(
        'stripe',
        checkoutEvent('checkout.session.completed', { user: id, credits: 500, session }),
      ),
    ).toMatchObject({ outcome: 'applied' })
    expect(await balance(id)).toBe(540)
    expect((await portal(id)).status).not.toBe(403)
  })
})
