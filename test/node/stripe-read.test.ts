import { expect, it } from 'vitest'
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
