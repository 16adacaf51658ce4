import { afterEach, describe, expect, it, vi } from 'vitest'
import { string } from 'zod'
import { commandEnvironment, commandSettings } from '../../cli/shared/settings.ts'
import { liveKeys, whatIsWrong } from '../../local/dev/what-is-wrong.ts'
import { Misconfigured, TAKES } from '../../src/settings/misconfigured.ts'
import { settingsOf, settingsSchema } from '../../src/settings.ts'

// `npm run dev` uses the whole of zod, which sets its own English messages. Ours must stay all the same.
string()

const GOOD = {
  DATABASE_URL: 'postgres://worker:secret-word@db.example.com/app',
  CLERK_WEBHOOK_SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  STRIPE_WEBHOOK_SECRET: 'whsec_0123456789abcdef',
  STRIPE_SECRET_KEY: 'sk_test_0123456789abcdef',
}

const OPTIONS = 'automatic_tax, tax_id_collection, allow_promotion_codes, quantity, adjustable_quantity'

const UNSTORABLE =
  'takes years from 0001 on, and offsets below 16 hours: 1970-01-01T00:00:00Z is before everything'

function reasons(env: Record<string, string>): string[] {
  try {
    settingsOf({ ...GOOD, ...env })
    return []
  } catch (error) {
    if (error instanceof Misconfigured) return error.reasons
    throw error
  }
}

describe('npm run dev says at its start', () => {
  it('that SPILL_ALWAYS has no queue, unless --spill binds one', () => {
    const settings = { ...GOOD, SPILL_ALWAYS: 'true' }
    expect(whatIsWrong(settings, {})).toEqual([
      'SPILL: no queue is bound, which SPILL_ALWAYS needs: --spill binds it here',
    ])
    expect(whatIsWrong(settings, { spill: true })).toEqual([])
    expect(whatIsWrong(GOOD, {})).toEqual([])
    expect(whatIsWrong({ ...settings, PLANS: '{' }, {})).toEqual(['PLANS: is not JSON'])
  })

  it('names keys of live mode, with what they do on a machine for development', () => {
    const live = { ...GOOD, STRIPE_SECRET_KEY: 'rk_live_abc', CLERK_SECRET_KEY: 'sk_live_abc' }
    expect(liveKeys(live)).toEqual([
      expect.stringMatching(/^STRIPE_SECRET_KEY is of live mode: .* real money/),
      expect.stringMatching(/^CLERK_SECRET_KEY is of a production instance: real people/),
    ])
    expect(liveKeys({ ...live, STRIPE_SECRET_KEY: 'sk_test_abc', CLERK_SECRET_KEY: '' })).toEqual([])
  })
})

describe('a refused setting says why', () => {
  it.each([
    [{ DATABASE_URL: '' }, 'DATABASE_URL: is missing'],
    [{ STRIPE_SECRET_KEY: '<to be replaced>' }, 'STRIPE_SECRET_KEY: is still a placeholder'],
    [
      { APP_ORIGINS: 'https://app.example.com/' },
      'APP_ORIGINS: an origin has no path; remove the "/" at the end',
    ],
    [{ APP_ORIGINS: '*' }, `APP_ORIGINS: takes ${TAKES.APP_ORIGINS}`],
    [
      { CLERK_ISSUER: 'https://clerk.example.com/' },
      'CLERK_ISSUER: sessions name it without the "/" at the end; remove it',
    ],
    [{ CLERK_ISSUER: 'clerk.example.com' }, `CLERK_ISSUER: takes ${TAKES.CLERK_ISSUER}`],
    [{ CREDIT_SINCE: '2026-12-01' }, `CREDIT_SINCE: takes ${TAKES.CREDIT_SINCE}`],
    [{ CREDIT_SINCE: '2026-02-30T00:00:00Z' }, `CREDIT_SINCE: takes ${TAKES.CREDIT_SINCE}`],
    [{ CREDIT_SINCE: '2026-12-01T00:00:00+16:00' }, `CREDIT_SINCE: ${UNSTORABLE}`],
    [{ SIGNUP_BONUS_SINCE: '0000-01-01T00:00:00Z' }, `SIGNUP_BONUS_SINCE: ${UNSTORABLE}`],
    [{ PLANS: '{"price_1"' }, 'PLANS: is not JSON'],
    [{ PLANS: '{"price_1": {"credits": 5}}' }, `PLANS: takes ${TAKES.PLANS} (see price_1.key)`],
    [
      { PLANS: '{"price_1": {"key": "pro", "checkout": {"quantity": 2, "foo": true}}}' },
      `PLANS: has no option foo in checkout: the options are ${OPTIONS}, trial_period_days (see price_1.checkout)`,
    ],
    [
      { CREDIT_PACKS: '{"s": {"credits": 5, "price": "price_1", "checkout": {"foo": true, "bar": 1}}}' },
      `CREDIT_PACKS: has no option foo, bar in checkout: the options are ${OPTIONS} (see s.checkout)`,
    ],
    [{ CREDIT_PACKS: '{"s": {"credits": 5}}' }, `CREDIT_PACKS: takes ${TAKES.CREDIT_PACKS} (see s)`],
    [
      {
        CREDIT_PACKS:
          '{"a": {"credits": 5, "price": "price_1"}, "b": {"credits": 6, "price": "price_2"}, "c": {"credits": 7, "price": "price_1"}}',
      },
      'CREDIT_PACKS: no two packs may have the same price: a, c',
    ],
    [
      { CREDIT_PACKS: '{"s": {"credits": 6e11, "price": "price_1", "checkout": {"quantity": 2}}}' },
      'CREDIT_PACKS: sells more than 10^12 credits at once (see s)',
    ],
    [{ ALERTS: '{"noise": 1}' }, `ALERTS: takes ${TAKES.ALERTS} (see noise)`],
    [{ ALERTS: '{"silence": 0}' }, `ALERTS: takes ${TAKES.ALERTS} (see silence)`],
    [{ ALERTS: '{"silence": {"limit": 2}}' }, `ALERTS: takes ${TAKES.ALERTS} (see silence)`],
    [{ ALERTS: 'silence' }, 'ALERTS: is not JSON'],
    [
      { ALERT_WEBHOOK_URL: 'http://hooks.example.com' },
      `ALERT_WEBHOOK_URL: takes ${TAKES.ALERT_WEBHOOK_URL}`,
    ],
    [{ ALERT_WEBHOOK_URL: 'https://10.0.0.1/x' }, `ALERT_WEBHOOK_URL: takes ${TAKES.ALERT_WEBHOOK_URL}`],
    [
      { ALERT_WEBHOOK_URL: 'http://127.0.0.1:1/x' },
      'ALERT_WEBHOOK_URL: is a loopback address, which is for development only',
    ],
    [
      { HEARTBEAT_URL: 'https://localhost/x' },
      'HEARTBEAT_URL: is a loopback address, which is for development only',
    ],
    ...[
      'http://acme.cloudflareaccess.com',
      'https://acme.cloudflareaccess.com/',
      'https://cloudflareaccess.com.evil.example',
    ].map((ACCESS_TEAM_DOMAIN) => [
      { ACCESS_TEAM_DOMAIN, ACCESS_AUD: 'a1'.repeat(32) },
      `ACCESS_TEAM_DOMAIN: takes ${TAKES.ACCESS_TEAM_DOMAIN}`,
    ]),
    [
      { ACCESS_TEAM_DOMAIN: 'http://127.0.0.1:1', ACCESS_AUD: 'a1'.repeat(32) },
      'ACCESS_TEAM_DOMAIN: is a loopback address, which is for development only',
    ],
    [
      { ACCESS_AUD: 'a1'.repeat(32) },
      'ACCESS_TEAM_DOMAIN: is missing: ACCESS_TEAM_DOMAIN and ACCESS_AUD belong together',
    ],
    [
      { ACCESS_TEAM_DOMAIN: 'https://acme.cloudflareaccess.com' },
      'ACCESS_AUD: is missing: ACCESS_TEAM_DOMAIN and ACCESS_AUD belong together',
    ],
    [{ ACCESS_AUD: 'a1' }, `ACCESS_AUD: takes ${TAKES.ACCESS_AUD}`],
    [{ METRICS_READ: 'token' }, `METRICS_READ: takes ${TAKES.METRICS_READ}`],
    [{ GRANT_LIMIT: '{"per_call": 5}' }, `GRANT_LIMIT: takes ${TAKES.GRANT_LIMIT} (see per_user_day)`],
    [{ EVENTS_URL: 'https://app.example.com/hooks' }, 'EVENTS_SECRET: is missing, and EVENTS_URL is set'],
  ] as [Record<string, string>, string][])('%o', (env, reason) => {
    expect(reasons(env)).toEqual([reason])
  })

  it('and names all of them at once', () => {
    const both = reasons({ DATABASE_URL: '', REQUIRE_EMAIL: 'yes' })
    expect(both.map((reason) => reason.split(':')[0])).toEqual(['DATABASE_URL', 'REQUIRE_EMAIL'])
  })

  it('never with its value', () => {
    for (const name of Object.keys(settingsSchema().shape)) {
      expect(reasons({ [name]: 'postgres://hunter2 \u0000' }).join(), name).not.toContain('hunter2')
    }
  })

  it('in words for each setting', () => {
    expect(Object.keys(TAKES).sort()).toEqual(Object.keys(settingsSchema().shape).sort())
  })
})

describe('a command', () => {
  const ports = { stripePort: 1, clerkPort: 2 }
  const here = 'postgres://owner:secret-word@127.0.0.1/app'
  const set = (vars: Record<string, string>) => {
    for (const [name, value] of Object.entries(vars)) vi.stubEnv(name, value)
  }
  afterEach(() => void vi.unstubAllEnvs())

  it.each([here, GOOD.DATABASE_URL])(
    'is not refused for settings of the Worker of npm run dev, which it does not use: %s',
    (url) => {
      set({
        STRIPE_SECRET_KEY: GOOD.STRIPE_SECRET_KEY,
        ALERT_WEBHOOK_URL: 'http://127.0.0.1:1/alerts',
        HEARTBEAT_URL: 'http://127.0.0.1:1/heartbeat',
        ACCESS_TEAM_DOMAIN: 'http://127.0.0.1:1',
        ACCESS_AUD: 'a1'.repeat(32),
        QUEUE_SPEED: '50',
      })
      expect(commandSettings(url, ports).STRIPE_SECRET_KEY).toBe(GOOD.STRIPE_SECRET_KEY)
      expect(settingsOf(commandEnvironment(url)).STRIPE_SECRET_KEY).toBe(GOOD.STRIPE_SECRET_KEY)
    },
  )

  it('takes the receiver of events of npm run dev for a database on this machine, and for no other', () => {
    const { STRIPE_SECRET_KEY } = GOOD
    const EVENTS_URL = 'http://127.0.0.1:1/events'
    set({ STRIPE_SECRET_KEY, EVENTS_URL, EVENTS_SECRET: GOOD.CLERK_WEBHOOK_SECRET })
    expect(commandSettings(here, ports).EVENTS_URL).toBe(EVENTS_URL)
    expect(() => commandSettings(GOOD.DATABASE_URL, ports)).toThrow(
      'EVENTS_URL: is a loopback address, which is for development only',
    )
  })
})
