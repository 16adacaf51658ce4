import { describe, expect, it } from 'vitest'
import { invoiceEvent } from '../../local/billing-events.ts'
import { fixtures } from '../../local/events.ts'
import { paymentIntentEvent, soldInvoiceEvent } from '../../local/payment-events.ts'
import { providers } from '../../src/providers.ts'
import { DECIDING, settingsHash } from '../../src/settings/deciding.ts'
import { type Settings, settingsOf } from '../../src/settings.ts'
import { decide } from '../../src/webhook/decide.ts'

const GIVEN = {
  DATABASE_URL: 'postgres://worker:secret-word@db.example.com/app',
  CLERK_WEBHOOK_SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  STRIPE_WEBHOOK_SECRET: 'whsec_0123456789abcdef',
  STRIPE_SECRET_KEY: 'sk_test_0123456789abcdef',
  CLERK_INSTANCE_ID: 'ins_1',
  PLANS: '{"price_pro": {"key": "pro", "credits": 1000}}',
  CREDIT_PACKS: '{"starter": {"credits": 500, "amount": 500, "currency": "usd", "name": "500 credits"}}',
  APP_TAG: 'shop',
  CREDIT_SINCE: '2020-01-01T00:00:00Z',
  SIGNUP_BONUS_SINCE: '2020-01-01T00:00:00Z',
}
const settings = (given: Record<string, string> = {}) => settingsOf({ ...GIVEN, ...given })
const hash = (given: Record<string, string> = {}) => settingsHash(settings(given))

const sale = { user: 'user_1', payment: 'pi_1', invoice: 'in_1', customer: 'cus_1' }
const renewal = { invoice: 'in_2', subscription: 'sub_1', customer: 'cus_1', price: 'price_pro' }
const events = {
  clerk: Object.values(fixtures.clerk).map((event) => ({ ...event, instance_id: 'ins_1' })),
  stripe: [
    ...Object.values(fixtures.stripe),
    paymentIntentEvent(sale),
    soldInvoiceEvent(sale),
    invoiceEvent('invoice.paid', renewal),
  ],
}

describe('the hash of the settings that a delivery is decided by', () => {
  it.each(['clerk', 'stripe'] as const)('covers every setting that an event of %s is decided by', (name) => {
    const read = new Set<string>()
    const watched = (given: Settings) =>
      new Proxy(given, {
        get: (target, key) => {
          read.add(String(key))
          return Reflect.get(target, key)
        },
      })
    for (const given of [settings(), settings({ APP_TAG: '' }), settings({ CLERK_INSTANCE_ID: '' })])
      for (const event of events[name]) decide(providers[name], { type: event.type, event }, watched(given))
    expect(read.size).toBeGreaterThan(3)
    expect([...read].filter((key) => !(DECIDING as readonly string[]).includes(key))).toEqual(
      // Of the key, only its mode counts: see below.
      name === 'stripe' ? ['STRIPE_SECRET_KEY'] : [],
    )
  })

  it.each([
    { PLANS: '{"price_pro": {"key": "pro", "credits": 1001}}' },
    { CREDIT_PACKS: '{}' },
    { APP_TAG: '' },
    { SIGNUP_BONUS_CREDITS: '41' },
    { USER_DELETION: 'delete' },
    { STRIPE_SECRET_KEY: 'sk_live_0123456789abcdef' },
  ])('differs with %o', async (given) => {
    expect(await hash(given)).not.toBe(await hash())
  })

  it.each([
    { DATABASE_URL: 'postgres://worker:other@db.example.com/app' },
    { CLERK_WEBHOOK_SECRET: `whsec_${'A'.repeat(32)}` },
    { STRIPE_WEBHOOK_SECRET: 'whsec_another_one' },
    { STRIPE_SECRET_KEY: 'rk_test_another_one' },
    { OPS_TOKEN: 'another-token', SERVICE_TOKEN: 'another-token' },
    { RUN_SUBREQUESTS: '400' },
  ])('does not change with a secret, or with what decides nothing', async (given) => {
    expect(await hash(given)).toBe(await hash())
    expect(await hash()).toMatch(/^[0-9a-f]{12}$/)
  })
})
