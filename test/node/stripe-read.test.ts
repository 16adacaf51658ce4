import { expect, it } from 'vitest'
import { askStripe, type Pass } from '../../src/reconcile/pass.ts'
import type { Settings } from '../../src/settings.ts'
import { readStripe } from '../../src/stripe/read.ts'

const settings = { STRIPE_SECRET_KEY: 'sk_test_0123456789abcdef' } as Settings

const readAt = async (headers: Record<string, string>) =>
  (await readStripe('/v1/account', settings, async () => Response.json({ id: 'acct_1' }, { headers }))).at

it('what is read from Stripe is dated by Stripe’s clock, not by ours', async () => {
  const stripes = new Date(Date.UTC(2026, 0, 2, 3, 4, 5))
  const at = await readAt({ Date: stripes.toUTCString() })
  expect(at.getTime()).toBeLessThanOrEqual(stripes.getTime())
  expect(at.getTime()).toBeGreaterThan(stripes.getTime() - 60_000)
})

it('and by ours where Stripe’s is not there', async () => {
  const before = Date.now()
  const at = await readAt({})
  expect(at.getTime()).toBeLessThanOrEqual(Date.now())
  expect(at.getTime()).toBeGreaterThan(before - 60_000)
})

it('a comparison asks Stripe at most 25 times a second', async () => {
  const askedAt: number[] = []
  const fetch = async () => {
    askedAt.push(performance.now())
    return Response.json({ object: 'list', data: [] })
  }
  const pass = { settings, fetch } as unknown as Pass
  await Promise.all(Array.from({ length: 11 }, () => askStripe(pass, '/v1/customers')))
  expect(askedAt).toHaveLength(11)
  // Ten gaps of 40 ms. A timer may fire up to a millisecond early.
  expect((askedAt.at(-1) as number) - (askedAt[0] as number)).toBeGreaterThan(380)
})
