import { describe, expect, it } from 'vitest'
import { checkoutEvent, clerkEvent } from '../../local/events.ts'
import { spend } from './account-support.ts'
import { checkout, portal } from './checkout-support.ts'
import { as, signedUp } from './people.ts'
import { balance, deliver } from './support.ts'

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
