import { describe, expect, it } from 'vitest'
import { checkoutEvent, clerkEvent, randomId } from '../../local/events.ts'
import { spend } from './account-support.ts'
import { checkout, portal } from './checkout-support.ts'
import { as, signedUp, signUp } from './people.ts'
import { balance, deliver } from './support.ts'

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
