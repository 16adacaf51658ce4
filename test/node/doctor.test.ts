import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type Stripe from 'stripe'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Finding } from '../../cli/doctor/check.ts'
import { checklist, checklistInLines } from '../../cli/doctor/checklist.ts'
import { checks } from '../../cli/doctor/checks.ts'
import type { Context, ContextOptions, Vars } from '../../cli/doctor/context.ts'
import { givenSettings } from '../../cli/doctor/given.ts'
import { NEEDED, webhookUrl } from '../../cli/doctor/stripe-endpoint.ts'
import { deployedBindings } from '../../cli/shared/deployed.ts'
import { projectDir } from '../../cli/shared/project.ts'
import { freePort } from '../../local/ports.ts'
import { query } from '../../local/postgres/query.ts'
import { generateKeyPair } from '../../local/session-token.ts'
import { ACCOUNT_ID } from '../../local/stripe/own-account.ts'
import { TAKES } from '../../src/settings/misconfigured.ts'
import { settingsSchema } from '../../src/settings.ts'
import { run, scratchDir } from './command.ts'
import { sentences } from './doctor-sentences.ts'
import * as support from './doctor-support.ts'
import { type Running, set, somethingElse, startRunning, stripeOf } from './doctor-support.ts'

const DAY_MS = 24 * 60 * 60 * 1000
const PUBLIC = 'https://ledgerhook.invalid'
const closedPort = async () => `http://127.0.0.1:${await freePort()}`

let running: Running
let stripe: Stripe

beforeAll(async () => {
  running = await startRunning()
  stripe = stripeOf(running)
}, 300_000)
afterAll(() => running.stop())

/** All findings of this file. */
const said: string[] = []
const examined: typeof support.examined = async (...given) => {
  const found = await support.examined(...given)
  said.push(...found.map(({ finding }) => finding.says))
  return found
}

const sql = (text: string) => query(running.databaseUrl, text)
const atStripe = (path: string, body: unknown) => set(running.stripeUrl, path, body)
const atClerk = (path: string, body: unknown) => set(running.clerkUrl, path, body)
const own = () => stripe.webhookEndpoints.retrieve('we_ledgerhook')
const update = (params: Stripe.WebhookEndpointUpdateParams) =>
  stripe.webhookEndpoints.update('we_ledgerhook', params)
const events = (types: string[]) => types as Stripe.WebhookEndpointUpdateParams.EnabledEvent[]

/** Changes something until the test ends. */
async function until(change: () => Promise<unknown>, back: () => Promise<unknown>): Promise<void> {
  onTestFinished(async () => void (await back()))
  await change()
}

/** Adds an object to the local Stripe unchanged, until the test ends. */
async function seeded(
  kind: string,
  object: { id: string; [member: string]: unknown },
  before: object,
): Promise<void> {
  await until(
    () => atStripe('seed', { [kind]: [object] }),
    () => atStripe('seed', { [kind]: [{ id: object.id, ...before }] }),
  )
}

type Options = Partial<ContextOptions> & { vars?: Vars }
type Provocation = [
  check: string,
  result: Finding['result'],
  what: string,
  says: RegExp,
  make: () => Promise<Options> | Options,
]

const price = (id: string, members: object) => ({
  id,
  object: 'price',
  active: true,
  currency: 'usd',
  created: 1,
  lookup_key: null,
  product: 'prod_many',
  unit_amount: 2000,
  type: 'recurring',
  ...members,
})
const monthly = { recurring: { interval: 'month', interval_count: 1, usage_type: 'licensed' } }
const yearly = { recurring: { interval: 'year', interval_count: 1, usage_type: 'licensed' } }

/** Events that nothing here handles. */
const NEEDLESS = ['coupon', 'plan', 'price', 'product'].flatMap((of) => [`${of}.created`, `${of}.deleted`])

const provocations: Provocation[] = []

const add = (...provocation: Provocation) => provocations.push(provocation)

add('settings-valid', 'fail', 'an origin with a path', /^APP_ORIGINS: .*remove the/, () => ({
  vars: { APP_ORIGINS: 'https://app.example.com/' },
}))
add('settings-valid', 'fail', 'an issuer that no session names', /^CLERK_ISSUER: .*remove it/, () => ({
  vars: { CLERK_ISSUER: 'https://clerk.example.com/' },
}))
add('settings-placeholders', 'fail', 'a placeholder', /SERVICE_TOKEN/, () => ({
  vars: { SERVICE_TOKEN: '<to be replaced>' },
}))
add('settings-examples', 'fail', 'an example that is sold', /price_pro_monthly, starter/, () => ({
  url: PUBLIC,
}))
add(
  'settings-members',
  'warn',
  'a misspelt member',
  /^nothing reads credit of price_pro in PLANS, nmae of/,
  () => ({
    vars: {
      PLANS: '{"price_pro": {"key": "pro", "credit": 1000}}',
      CREDIT_PACKS: '{"own": {"credits": 1, "amount": 1, "currency": "usd", "name": "one", "nmae": "one"}}',
    },
  }),
)
add('settings-free-packs', 'warn', 'a pack that costs nothing', /^packs that cost nothing: gift$/, () => ({
  vars: { CREDIT_PACKS: '{"gift": {"credits": 1, "amount": 0, "currency": "usd", "name": "one"}}' },
}))
add(
  'settings-tokens',
  'fail',
  'tokens that can be guessed',
  /^tokens that can be guessed: OPS_TOKEN has 8 characters, OPS_TOKEN of bob has 23 characters, SERVICE_TOKEN has 22 characters$/,
  () => ({
    vars: {
      OPS_TOKEN: `hunter-2,bob:${'b'.repeat(23)},eve:${'e'.repeat(24)}`,
      SERVICE_TOKEN: 'c'.repeat(22),
    },
  }),
)
add(
  'settings-tokens',
  'warn',
  'a token that is refused',
  /^cannot be looked at while the Worker refuses a token$/,
  () => ({ vars: { OPS_TOKEN: 'short' } }),
)
add(
  'worker-ready',
  'warn',
  'a malformed setting',
  /^cannot be looked at while OPS_TOKEN cannot be used$/,
  () => ({
    vars: { OPS_TOKEN: 'short' },
  }),
)
add('settings-in-git', 'fail', '.dev.vars in Git', /is in Git/, () => ({ checkout: committed() }))
add('settings-in-git', 'warn', '.dev.vars that was in Git', /was in Git once/, () => ({
  checkout: committed('rm', '--quiet', '.dev.vars'),
}))

add('stripe-key', 'fail', 'another key', /refuses STRIPE_SECRET_KEY/, () => ({
  vars: { STRIPE_SECRET_KEY: 'sk_test_local_wrong' },
}))
add('stripe-key', 'fail', 'no Stripe', /does not answer/, async () => ({
  vars: { STRIPE_API_BASE: await closedPort() },
}))
add('stripe-key', 'fail', 'a Stripe that fails', /^Stripe returns 500/, async () => ({
  vars: { STRIPE_API_BASE: await somethingElse(500, '{"error": {"type": "api_error"}}') },
}))
add('stripe-mode', 'warn', 'a test key for a public address', /test mode/, () => ({ url: PUBLIC }))
add('stripe-mode', 'warn', 'a live key on this machine', /live key/, () => ({
  vars: { STRIPE_SECRET_KEY: 'sk_live_0123456789' },
}))
add('stripe-permissions', 'fail', 'a key that may not read invoices', /not read invoices/, () =>
  denied('invoices'),
)
for (const what of ['prices', 'charges', 'refunds', 'disputes'])
  add('stripe-permissions', 'fail', `a key that may not read ${what}`, RegExp(`not read ${what}$`), () =>
    denied(what),
  )
add('stripe-permissions', 'warn', 'a key that may not read events', /not read events/, () => denied('events'))
for (const name of ['stripe-endpoint', 'stripe-endpoint-enabled', 'stripe-endpoint-events'])
  add(name, 'warn', 'a key that may not read endpoints', /^the restricted key may not look at this$/, () =>
    denied('webhook_endpoints'),
  )
const saved = { active: true, is_default: true, features: { subscription_cancel: { enabled: false } } }
add('stripe-portal', 'fail', 'a portal that was never saved', /never saved/, async () => {
  await seeded('portalConfigurations', { id: 'bpc_ledgerhook' }, saved)
  return {}
})
add('stripe-portal', 'warn', 'cancelling at once, with proration', /at once, with proration/, async () => {
  const cancel = { enabled: true, mode: 'immediately', proration_behavior: 'create_prorations' }
  const at = { id: 'bpc_ledgerhook', ...saved, features: { subscription_cancel: cancel } }
  await seeded('portalConfigurations', at, saved)
  return {}
})

add('stripe-endpoint', 'fail', 'no endpoint', /^no endpoint for https:\/\/ledgerhook.invalid/, () => ({
  url: PUBLIC,
}))
add('stripe-endpoint', 'fail', 'two endpoints', /^2 endpoints have this address/, async () => {
  const endpoint = { ...(await own()), id: 'we_twice' }
  await seeded('webhookEndpoints', endpoint, { ...endpoint, url: 'https://elsewhere.invalid' })
  return {}
})
add('stripe-endpoint-enabled', 'fail', 'a disabled endpoint', /is disabled/, async () => {
  await until(
    () => update({ disabled: true }),
    () => update({ disabled: false }),
  )
  return {}
})
for (const [what, version, says] of [
  ['the version of the account', null, /no API version of its own/],
  ['a version before those that are tested', '2016-03-07', /2016-03-07/],
  ['a version after them', '2031-01-01.future', /2031-01-01/],
] as const) {
  add('stripe-endpoint-version', 'warn', what, says, async () => {
    const endpoint = await own()
    await seeded('webhookEndpoints', { ...endpoint, api_version: version }, endpoint)
    return {}
  })
}
add(
  'stripe-endpoint-events',
  'fail',
  'events that are not subscribed',
  /^not subscribed: .*refund.created/,
  () => subscribedTo(NEEDED.filter((type) => !/refund/.test(type))),
)
add('stripe-endpoint-needless', 'warn', 'an event too many', /not handled: product.created/, () =>
  subscribedTo([...NEEDED, 'product.created']),
)
add('stripe-endpoint-needless', 'warn', 'more events than a line names', / and 2 more$/, () =>
  subscribedTo([...NEEDED, ...NEEDLESS]),
)
add('stripe-endpoint-needless', 'warn', 'all events', /all events/, () => subscribedTo(['*']))
add('stripe-thin', 'fail', 'a thin destination', /thin payloads: ed_/, async () => {
  const at = { webhook_endpoint: { url: webhookUrl(running.worker.url, 'stripe') }, enabled_events: [] }
  await seeded(
    'eventDestinations',
    { id: 'ed_1', ...at, event_payload: 'thin' },
    { ...at, event_payload: 'snapshot' },
  )
  return {}
})

const planned = (key: string): Options => ({
  vars: { PLANS: JSON.stringify({ [key]: { key: 'pro', credits: 1 } }) },
})
add('stripe-plans', 'fail', 'a price of another mode', /price_gone: no such price/, () =>
  planned('price_gone'),
)
for (const [what, members, says] of [
  ['a price that is paid once', { recurring: null, type: 'one_time' }, /is not recurring/],
  ['a price that is not sold any more', { ...monthly, active: false }, /is not active/],
  ['a metered price', { recurring: { ...monthly.recurring, usage_type: 'metered' } }, /is metered/],
] as const) {
  add('stripe-plans', 'fail', what, says, async () => {
    await atStripe('seed', { prices: [price('price_odd', { ...members, product: 'prod_odd' })] })
    return planned('price_odd')
  })
}
add(
  'stripe-plans',
  'fail',
  'a product with several intervals',
  /prod_many: .* several intervals/,
  async () => {
    await atStripe('seed', { prices: [price('price_m', monthly), price('price_y', yearly)] })
    return planned('prod_many')
  },
)
const packed = (id: string): Options => ({
  vars: { CREDIT_PACKS: JSON.stringify({ big: { credits: 5, price: id } }) },
})
add('stripe-packs', 'fail', 'a pack whose price is gone', /there is no price_gone/, () =>
  packed('price_gone'),
)
add('stripe-packs', 'fail', 'a pack with the price of a plan', /is recurring/, () =>
  packed('price_pro_monthly'),
)
add('stripe-currencies', 'warn', 'two currencies', /eur, usd/, () => ({
  vars: { CREDIT_PACKS: '{"small": {"credits": 5, "amount": 500, "currency": "eur", "name": "5"}}' },
}))

add('clerk-key', 'fail', 'another key', /refuses CLERK_SECRET_KEY/, () => ({
  vars: { CLERK_SECRET_KEY: 'sk_test_local_wrong' },
}))
add('clerk-key', 'fail', 'no Clerk', /does not answer/, async () => ({
  vars: { CLERK_API_BASE: await closedPort() },
}))
add('clerk-key', 'fail', 'a Clerk that fails', /^Clerk returns 500$/, async () => ({
  vars: { CLERK_API_BASE: await somethingElse(500, '{}') },
}))
add('clerk-instance', 'fail', 'another instance', /of ins_local, and CLERK_INSTANCE_ID is ins_other/, () => ({
  vars: { CLERK_INSTANCE_ID: 'ins_other' },
}))
add('clerk-instance', 'warn', 'any instance', /not set/, () => ({
  url: PUBLIC,
  vars: { CLERK_INSTANCE_ID: '' },
}))
add('clerk-instance', 'pass', 'the local Clerk alone', /^nothing but the local Clerk/, () => ({
  vars: { CLERK_INSTANCE_ID: '' },
}))
add('clerk-mode', 'warn', 'a live Stripe with a development instance', /Stripe is live/, () => ({
  vars: { STRIPE_SECRET_KEY: 'sk_live_0123456789' },
}))
add('clerk-jwks', 'fail', 'another public key', /not a key of this instance/, async () => ({
  vars: { CLERK_JWT_KEY: (await generateKeyPair()).publicKey },
}))
add('clerk-jwks', 'warn', 'no public key', /not set/, () => ({ vars: { CLERK_JWT_KEY: '' } }))
add('clerk-webhooks', 'fail', 'webhooks that were never set up', /never set up/, async () => {
  await until(
    () => atClerk('webhooks', { set_up: false }),
    () => atClerk('webhooks', { set_up: true }),
  )
  return {}
})
add('clerk-deliveries', 'fail', 'users and no delivery', /ever come, and Clerk has 1 user$/, () =>
  signedUp(false),
)
add('clerk-deliveries', 'warn', 'an old delivery', /1\d days old/, async () => {
  await signedUp(true)
  return { now: () => Date.now() + 10.5 * DAY_MS }
})
add('clerk-users', 'warn', 'a user who is missing here', /1 user at Clerk, 0 here/, async () => ({
  ...(await signedUp(false)),
  url: PUBLIC,
}))
add(
  'clerk-users',
  'pass',
  'a user whom only npm run send knows',
  /^0 users at the local Clerk, 1 here/,
  async () => {
    await until(
      () => sql(`insert into ledgerhook.users (id) values ('user_sent')`),
      () => sql(`delete from ledgerhook.users where id = 'user_sent'`),
    )
    return {}
  },
)

add('worker-reachable', 'fail', 'no Worker', /does not answer/, async () => ({ url: await closedPort() }))
add('worker-reachable', 'fail', 'something else', /returns 404 and is not Ledgerhook/, async () => ({
  url: await somethingElse(404, 'not here'),
}))
add('worker-redirect', 'fail', 'a redirect', /returns 308/, async () => ({
  url: await somethingElse(308, '', { location: 'https://www.ledgerhook.invalid/' }),
}))
for (const [check, name] of [
  ['worker-clerk-secret', 'CLERK_WEBHOOK_SECRET'],
  ['worker-stripe-secret', 'STRIPE_WEBHOOK_SECRET'],
] as const) {
  const other = `whsec_${Buffer.from('another secret of 24 bytes and more').toString('base64')}`
  add(check, 'fail', 'another secret', /does not know/, () => ({ vars: { [name]: other } }))
  add(check, 'fail', 'one of two that is another', /number 2/, () => ({
    vars: { [name]: `${running.settings[name]},${other}` },
  }))
}
add('worker-forgeries', 'fail', 'something that takes everything', /tampered .*old/, async () => ({
  url: await somethingElse(200, '{"outcome":"applied"}'),
}))
add('worker-forgeries', 'warn', 'a Worker that fails', /cannot be seen: clerk gets 500/, async () => ({
  url: await somethingElse(500, '{"error": "misconfigured"}'),
}))
add('worker-ready', 'fail', 'a Worker that fails', /returns 500 \(misconfigured\)/, async () => ({
  url: await somethingElse(500, '{"error": "misconfigured"}'),
}))
add('worker-ready', 'fail', 'another token', /another OPS_TOKEN/, () => ({
  vars: { OPS_TOKEN: 'another-token' },
}))
add('worker-ready', 'fail', 'a database that lacks a migration', /not_migrated/, unmigrated)
add('worker-build', 'warn', 'another build', /this checkout is 0123456789ab/, () => ({
  checkout: { dir: projectDir, build: '0123456789ab' },
}))
for (const [result, skew, says] of [
  ['warn', 100_000, /Stripe is (99|10\d) s ahead/],
  ['fail', -400_000, /Stripe is (399|40\d) s behind/],
] as const) {
  add('worker-clock', result, `a clock ${skew} ms off`, says, async () => {
    await until(
      () => atStripe('clock', { skew_ms: skew }),
      () => atStripe('clock', { skew_ms: 0 }),
    )
    return {}
  })
}

add('worker-clock', 'fail', 'the Worker’s clock', /the Worker is 3\d{3} s ahead/, async () => {
  const date = new Date(Date.now() + 3_600_000).toUTCString()
  return { url: await somethingElse(200, '{"status":"ok"}', { date }) }
})

add('database-http', 'fail', 'no database', /does not respond over HTTP/, async () => ({
  vars: { NEON_FETCH_ENDPOINT: `${await closedPort()}/sql` },
}))
add('database-migrated', 'fail', 'a database that lacks a migration', /not_migrated/, unmigrated)
add('database-roles', 'fail', 'a role that is gone', /no role ledgerhook_app/, async () => {
  await until(
    () => sql('alter role ledgerhook_app rename to somebody'),
    () => sql('alter role somebody rename to ledgerhook_app'),
  )
  return {}
})
add('database-roles', 'warn', 'the owner’s login', /is the owner/, () => ({ url: PUBLIC }))
const serves = (account: string, livemode: boolean) =>
  until(
    () => sql(`select ledgerhook.set_stripe_account('{"account": "${account}", "livemode": ${livemode}}')`),
    () => sql('delete from ledgerhook.stripe_account'),
  )
const liveKey = { vars: { STRIPE_SECRET_KEY: 'sk_live_0123456789' } }
add(
  'database-mode',
  'fail',
  'a test key for live data',
  /live mode of acct_1LedgerhookLocal, .* in test mode/,
  async () => {
    await serves(ACCOUNT_ID, true)
    return {}
  },
)
add(
  'database-mode',
  'fail',
  'a key of another account',
  /serves test mode of acct_1Other, .* acct_1LedgerhookLocal/,
  async () => {
    await serves('acct_1Other', false)
    return {}
  },
)
add('database-mode', 'warn', 'the first live key', /key is of live mode/, async () => {
  await serves(ACCOUNT_ID, false)
  return liveKey
})
add(
  'database-mode',
  'fail',
  'checkouts of live mode before a key was used',
  /1 of the last 1 checkouts/,
  async () => {
    await stored('checkout.session.completed', 'applied', 'null', 'cs_live_1')
    return {}
  },
)
add('database-autovacuum', 'fail', 'a table without', /off for credit_ledger/, async () => {
  await until(
    () => sql('alter table ledgerhook.credit_ledger set (autovacuum_enabled = false)'),
    () => sql('alter table ledgerhook.credit_ledger reset (autovacuum_enabled)'),
  )
  return {}
})
add('database-size', 'warn', 'a database that is large', /MiB in all/, () => ({ roomyBytes: 1 }))
add(
  'database-payloads',
  'warn',
  'a payload that should be gone',
  /^1 payload, less than 1 MiB.* 40 days ago/,
  async () => {
    await stored('checkout.session.completed', 'applied', 'null', 'cs_test_1')
    await sql(`update ledgerhook.webhook_events set payload = '{}', settled_at = now() - interval '40 days'
    where event_id = 'evt_1'`)
    return { vars: { PAYLOAD_RETENTION_DAYS: '30' } }
  },
)
add(
  'database-payloads',
  'pass',
  'payloads without a retention period',
  /; PAYLOAD_RETENTION_DAYS is not set$/,
  async () => {
    await stored('checkout.session.completed', 'applied', 'null', 'cs_test_1')
    await sql(`update ledgerhook.webhook_events set payload = '{}' where event_id = 'evt_1'`)
    return { vars: { PAYLOAD_RETENTION_DAYS: '' } }
  },
)
add('database-parked', 'warn', 'a payment that waits', /1 × parked \/ unknown_user/, async () => {
  await stored('checkout.session.completed', 'parked', `'unknown_user'`, 'cs_test_1')
  return { now: () => Date.now() + 2 * DAY_MS }
})

const elsewhere = (path: string) => {
  const url = new URL(running.databaseUrl)
  url.pathname = path
  return url
}

add('settings-examples', 'pass', 'nothing that is sold', /^nothing that is sold/, () => ({
  url: PUBLIC,
  vars: { PLANS: '', CREDIT_PACKS: '' },
}))
add('settings-in-git', 'pass', 'no Git checkout', /^this is no Git checkout/, () => ({
  checkout: { dir: scratchDir(), build: '' },
}))
add('settings-in-git', 'pass', 'a checkout without it', /never been in Git/, () => {
  const dir = scratchDir()
  execFileSync('git', ['init', '--quiet', dir])
  return { checkout: { dir, build: '' } }
})
add('stripe-key', 'pass', 'a restricted key', /may not read its account/, () => denied('account'))
add('stripe-endpoint', 'fail', 'an endpoint beside it', /; this host has https:.*elsewhere/, async () => {
  const endpoint = { ...(await own()), id: 'we_beside', url: `${PUBLIC}/elsewhere` }
  await seeded('webhookEndpoints', endpoint, { ...endpoint, url: 'https://elsewhere.invalid' })
  return { url: PUBLIC }
})
add('stripe-endpoint-enabled', 'warn', 'no endpoint', /no endpoint to look at/, () => ({ url: PUBLIC }))
add('stripe-plans', 'pass', 'no plan', /^no plan is sold/, () => ({ vars: { PLANS: '' } }))
add('stripe-packs', 'pass', 'a pack with a price', /is there \(1\)/, async () => {
  await atStripe('seed', { prices: [price('price_once', { recurring: null, type: 'one_time' })] })
  return packed('price_once')
})
for (const [what, members, says] of [
  ['a pack whose buyer chooses', { custom_unit_amount: { minimum: 100 } }, /chooses the amount/],
  ['a pack that is not sold any more', { active: false }, /is not active/],
] as const) {
  add('stripe-packs', 'fail', what, says, async () => {
    const once = { recurring: null, type: 'one_time', ...members }
    await atStripe('seed', { prices: [price('price_odd_pack', { custom_unit_amount: null, ...once })] })
    return packed('price_odd_pack')
  })
}
add('stripe-currencies', 'pass', 'nothing', /no currency/, () => ({ vars: { PLANS: '', CREDIT_PACKS: '' } }))
add('clerk-mode', 'warn', 'a test key with a production instance', /in test mode$/, async () => {
  const production = '{"id": "ins_live", "environment_type": "production"}'
  return { url: PUBLIC, vars: { CLERK_API_BASE: await somethingElse(200, production) } }
})
add('clerk-deliveries', 'pass', 'one of today', /is of today$/, () => signedUp(true))
add('worker-reachable', 'pass', 'a redirect, which is said below', /with a redirect/, async () => ({
  url: await somethingElse(308, '', { location: 'https://www.ledgerhook.invalid/' }),
}))
add('worker-stripe-secret', 'fail', 'a Worker that fails', /gets 500 \(misconfigured\)/, async () => ({
  url: await somethingElse(500, '{"error": "misconfigured"}'),
}))
add('worker-clerk-secret', 'pass', 'the same secret twice', /^all 2 of/, () => ({
  vars: { CLERK_WEBHOOK_SECRET: Array(2).fill(running.settings.CLERK_WEBHOOK_SECRET).join(',') },
}))
add('worker-build', 'warn', 'no build', /does not say which build/, async () => ({
  url: await somethingElse(200, '{}'),
}))
add('worker-clock', 'warn', 'no clock at all', /^no response has a date/, async () => ({
  url: await closedPort(),
  vars: { STRIPE_SECRET_KEY: '', CLERK_SECRET_KEY: '' },
}))
add('database-autovacuum', 'fail', 'figures that nobody counts', /^autovacuum is off$/, () => {
  const url = elsewhere(new URL(running.databaseUrl).pathname)
  url.searchParams.set('options', '-c track_counts=off')
  return { vars: { DATABASE_URL: url.href } }
})
add('database-parked', 'fail', 'another database', /^the database failed \(42P01\)$/, () => ({
  vars: { DATABASE_URL: elsewhere('/template1').href },
}))

function committed(...then: string[]): { dir: string; build: string } {
  const dir = scratchDir()
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', dir, '-c', 'user.name=t', '-c', 'user.email=t@t', ...args], {
      stdio: 'ignore',
    })
  git('init')
  writeFileSync(join(dir, '.dev.vars'), 'SERVICE_TOKEN="0123456789"\n')
  git('add', '.')
  git('commit', '-m', 'one')
  if (then.length > 0) {
    git(...then)
    git('commit', '-m', 'two')
  }
  return { dir, build: '' }
}

async function denied(what: string): Promise<Options> {
  await until(
    () => atStripe('permissions', { denied: [`GET /v1/${what}`] }),
    () => atStripe('permissions', { denied: [] }),
  )
  return {}
}

async function subscribedTo(types: string[]): Promise<Options> {
  await until(
    () => update({ enabled_events: events(types) }),
    () => update({ enabled_events: events(NEEDED) }),
  )
  return {}
}

async function signedUp(deliver: boolean): Promise<Options> {
  const user = { email_address: ['ada@example.com'], deliver }
  await until(
    () => atClerk('users/user_ada/create', user),
    async () => {
      await atClerk('users/user_ada/delete', { deliver: false })
      await sql(`delete from ledgerhook.webhook_events where provider = 'clerk'`)
      await sql(`delete from ledgerhook.users`)
    },
  )
  return {}
}

async function unmigrated(): Promise<Options> {
  const swap = (from: string, to: string) =>
    sql(`update ledgerhook.migrations set tag = replace(tag, '${from}', '${to}')`)
  await until(
    () => swap('00', 'xx'),
    () => swap('xx', '00'),
  )
  return {}
}

async function stored(type: string, outcome: string, reason: string, about: string): Promise<void> {
  await until(
    () =>
      sql(`insert into ledgerhook.webhook_events (provider, event_id, type, outcome, reason, about)
           values ('stripe', 'evt_1', '${type}', '${outcome}', ${reason}, '{${about}}')`),
    () => sql(`delete from ledgerhook.webhook_events where event_id = 'evt_1'`),
  )
}

describe('a Worker that lacks nothing', () => {
  it('passes every check', async () => {
    const found = await examined(running, [])
    expect(found.map(({ name }) => name)).toEqual(checks.map(({ name }) => name))
    expect(found.filter(({ finding }) => finding.result !== 'pass')).toEqual([])
    const clock = found.find(({ name }) => name === 'worker-clock')
    expect(clock?.finding.says).toBe('this clock is that of Stripe, Clerk')
  })

  it('counts none of the forgeries that it is sent, so that no alert opens', async () => {
    const before = running.logged.length
    await examined(running, [
      'worker-redirect',
      'worker-clerk-secret',
      'worker-stripe-secret',
      'worker-forgeries',
    ])
    const refused = () => running.logged.slice(before).filter(({ message }) => message === 'refused')
    await vi.waitUntil(() => refused().length === 6, { timeout: 20_000 })
    expect(refused().map(({ level, probe }) => [level, probe])).toEqual(Array(6).fill(['info', true]))
  })

  it('is probed without a query', async () => {
    const stats = running.gatewayUrl?.replace('/sql', '/stats') ?? ''
    const requests = async () => ((await (await fetch(stats)).json()) as { requests: number }).requests
    const before = await requests()
    await examined(running, ['worker-reachable', 'worker-redirect', 'worker-forgeries'])
    await examined(running, ['worker-clerk-secret', 'worker-stripe-secret'])
    expect(await requests()).toBe(before)
  })
})

describe('the checklist', () => {
  const { url, given, settings } = { url: PUBLIC, given: {}, settings: {} }
  const all = () => checklist({ url, given, settings } as Context)
  const titled = (lines: string[], name: string) => lines.find((line) => line.includes(` ${name} `))

  it('has every setting that is not of this machine alone, once, and marks the secrets', () => {
    const local = ['NEON_FETCH_ENDPOINT', 'STRIPE_API_BASE', 'CLERK_API_BASE', 'QUEUE_SPEED']
    const names = Object.keys(settingsSchema().shape).filter((name) => !local.includes(name))
    expect(
      all()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(names.sort())
  })

  it('begins with what is required, and says of each setting what it is for and where to get it', () => {
    const items = all()
    const required = items.filter(({ state }) => state === 'required')
    expect(required.map(({ name }) => name)).toEqual(items.slice(0, required.length).map(({ name }) => name))
    const lines = checklistInLines(items)
    for (const { name, for: what, from } of items.filter(({ state }) => state !== 'default')) {
      const at = lines.indexOf(titled(lines, name) ?? '')
      expect(lines[at]).toContain(what)
      expect(`${lines[at]} ${lines[at + 1]}`).toContain(from ?? `it takes ${TAKES[name]}`)
    }
    expect(lines.join('\n')).toContain(`${PUBLIC}/api/webhooks/clerk`)
  })

  it('ends with what can be bound, as wrangler.toml binds it', async () => {
    const shown = (bound: string[]) =>
      checklistInLines(checklist({ url, given, settings } as Context, bound)).slice(-4)
    const isBound = /^\[\[env\.production\.queues\.producers/m.test(
      readFileSync(join(projectDir, 'wrangler.toml'), 'utf8'),
    )
    expect((await deployedBindings('production')).includes('SPILL')).toBe(isBound)
    expect(shown([])).toEqual([
      '  ○ bound in wrangler.toml',
      expect.stringMatching(/○ SPILL +keeps deliveries while .+; see docs\/spill.md$/),
      expect.stringMatching(/○ METRICS +counts deliveries/),
      expect.stringContaining('are set'),
    ])
    expect(shown(['SPILL'])[1]).toBe('  ✓ bound in wrangler.toml: SPILL')
  })

  it('says why a value is refused, and is short where all is set', () => {
    const refused = checklist({ url, given: { ALERTS: '{"x' }, settings } as unknown as Context)
    const lines = checklistInLines(refused)
    expect(titled(lines, 'ALERTS')).toMatch(/✗ ALERTS +refused: thresholds of alerts/)
    const done = checklistInLines(all().map((item) => ({ ...item, state: 'set' })))
    expect(done).toHaveLength(new Set(refused.map(({ group }) => group)).size + 1)
    expect(done[0]).toBe(
      '  ✓ needed: DATABASE_URL, CLERK_WEBHOOK_SECRET, STRIPE_SECRET_KEY, STRIPE_WEBHOOK_SECRET',
    )
  })
})

describe('each check', () => {
  it.each(provocations)('%s says %s of %s', async (name, result, _what, says, make) => {
    const [found] = await examined(running, [name], await make())
    const what = result === 'pass' ? {} : { do: expect.any(String) }
    expect(found?.finding).toMatchObject({ result, says: expect.stringMatching(says), ...what })
    expect(Boolean(found?.costs)).toBe(result !== 'pass')
  })

  it('is provoked', () => {
    const trouble = provocations.filter(([, result]) => result !== 'pass')
    expect([...new Set(trouble.map(([name]) => name))].sort()).toEqual(checks.map(({ name }) => name).sort())
  })

  it('is explained in docs/doctor.md', () => {
    const text = readFileSync(join(projectDir, 'docs/doctor.md'), 'utf8')
    expect(checks.filter(({ name }) => !text.includes(`\`${name}\``))).toEqual([])
  })

  it.each([
    [
      'of the account and mode of the key',
      false,
      /^it serves test mode of acct_1LedgerhookLocal, as the key does$/,
    ],
    ['where Stripe does not answer, of its mode', true, /the key is of that mode$/],
  ])('database-mode passes %s', async (_what, isAway, says) => {
    await serves(ACCOUNT_ID, false)
    const vars: Vars = isAway ? { STRIPE_API_BASE: await closedPort() } : {}
    const [found] = await examined(running, ['database-mode'], { vars })
    expect(found?.finding).toEqual({ result: 'pass', says: expect.stringMatching(says) })
  })

  it('says what a missing event costs', async () => {
    const [found] = await examined(running, ['stripe-endpoint-events'], await subscribedTo(['invoice.paid']))
    expect(found?.costs).toContain('refunds will never take credits back')
  })

  it('says what it cannot see, where a setting is missing or a login is not the owner', async () => {
    const [gone] = await examined(running, ['clerk-jwks'], { vars: { CLERK_SECRET_KEY: '' } })
    expect(gone?.finding).toMatchObject({
      result: 'warn',
      says: 'cannot be looked at without CLERK_SECRET_KEY',
    })
    await until(
      () => sql(`create role looker login password 'looker' in role ledgerhook_worker`),
      () => sql('drop role looker'),
    )
    const login = new URL(running.databaseUrl)
    login.username = login.password = 'looker'
    const vars = { DATABASE_URL: login.href }
    const [roles, parked] = await examined(running, ['database-roles', 'database-parked'], { vars })
    expect(roles?.finding).toMatchObject({ result: 'pass', says: expect.stringContaining('looker') })
    expect(parked?.finding).toMatchObject({ result: 'warn', says: expect.stringContaining('may not look') })
  })

  it('looks for no endpoint where `stripe listen` forwards the events', async () => {
    const names = checks.map(({ name }) => name).filter((name) => name.startsWith('stripe-endpoint'))
    const found = await examined(running, names, { vars: { STRIPE_API_BASE: '' } })
    const says = expect.stringContaining('stripe listen')
    expect(found.map(({ finding }) => finding)).toEqual(names.map(() => ({ result: 'pass', says })))
  })

  it('names `npm run dev` where what is missing, or does not answer, is on this machine', async () => {
    const away = await closedPort()
    const addresses = { STRIPE_API_BASE: away, CLERK_API_BASE: away, NEON_FETCH_ENDPOINT: `${away}/sql` }
    const vars = { ...addresses, STRIPE_WEBHOOK_SECRET: '' }
    const names = ['settings-valid', 'stripe-key', 'clerk-key', 'database-http']
    const found = await examined(running, names, { vars })
    const start = { result: 'fail', do: expect.stringContaining('`npm run dev`') }
    expect(found.map(({ finding }) => finding)).toEqual(found.map(() => expect.objectContaining(start)))
  })

  it('is not reported if the first check of its group fails', async () => {
    const found = await examined(running, ['stripe-key', 'stripe-plans'], {
      vars: { STRIPE_SECRET_KEY: 'sk_test_local_wrong' },
    })
    expect(found.map(({ finding }) => finding.result)).toEqual(['fail', 'warn'])
    expect(found[1]?.finding).toMatchObject({ do: 'see stripe-key' })
  })
})

/** Sentences that a check reports but whose text is elsewhere, and where. */
const SAID_ELSEWHERE = {
  'clerk-checks.ts: error.message':
    'of a ClerkTrouble: the sentences of clerk-api.ts, which are among those below',
  'examine.ts: error.message': 'the same, and of what refuses DATABASE_URL: test/node/database.test.ts',
  'settings-checks.ts: error.reasons': 'reasons of settings that are refused: test/node/settings.test.ts',
}

it('every sentence of a check is provoked above', () => {
  const { all, unread } = sentences()
  expect(all.length).toBeGreaterThan(130)
  expect(unread).toEqual(Object.keys(SAID_ELSEWHERE))
  const silent = all.filter(({ pattern }) => !said.some((one) => pattern.test(one)))
  expect(silent.map(({ file, says }) => `${file}: ${says}`)).toEqual([])
})

it('asks a database on this machine by the local gateway, also where DATABASE_URL names it', () => {
  const endpoint = (url: string) => {
    vi.stubEnv('DATABASE_URL', url)
    vi.stubEnv('NEON_FETCH_ENDPOINT', undefined)
    return givenSettings({ url: 'http://127.0.0.1:8787', ports: {} }).NEON_FETCH_ENDPOINT
  }
  onTestFinished(() => void vi.unstubAllEnvs())
  expect(endpoint('postgres://postgres:postgres@127.0.0.1:25432/ledgerhook')).toBe(
    'http://127.0.0.1:25433/sql',
  )
  expect(endpoint('postgres://worker:secret@ep-1.eu-central-1.aws.neon.tech/app')).toBeUndefined()
})

describe('npm run doctor', () => {
  /** Without the progress lines. */
  const doctor = async (args: string[], vars: Vars = {}) => {
    const { code, output } = await run('cli/doctor.ts', args, scratchDir(), { ...running.settings, ...vars })
    return { code, output: output.replaceAll(/^(examining|mending) .*…\n/gm, '') }
  }
  const secrets = () =>
    Object.entries(running.settings)
      .filter(([name]) => /SECRET|TOKEN|JWT_KEY/.test(name))
      .map(([, value]) => value)

  it('exits with 0 where all is well, and names the database host', async () => {
    const { code, output } = await doctor(['--url', running.worker.url])
    expect([code, output]).toEqual([0, expect.stringContaining('0 failed')])
    expect(output.split('\n')[0]).toBe(
      `${running.worker.url}, database at ${new URL(running.databaseUrl).host}`,
    )
    expect(output).toContain('✓ stripe-endpoint-events')
    expect(output).toMatch(/✓ needed: DATABASE_URL, CLERK_WEBHOOK_SECRET/)
    expect(output).toMatch(/○ GRANT_LIMIT +how much your backend may grant/)
    for (const secret of [...secrets(), 'postgres:postgres']) expect(output).not.toContain(secret)
  })

  it('exits with 1 where a check fails, and says what it costs and what to do', async () => {
    const { code, output } = await doctor(['--url', running.worker.url], { OPS_TOKEN: 'another-token' })
    expect(code).toBe(1)
    expect(output).toMatch(
      /✗ worker-ready .*another OPS_TOKEN\n +costs: .+\n +do: start `npm run dev` again: .* OPS_TOKEN from \.dev\.vars/,
    )
  })

  it('reports as JSON, without a secret', async () => {
    const wrong = {
      STRIPE_SECRET_KEY: 'sk_test_local_hunter2hunter2',
      DATABASE_URL: 'postgres://a:hunter2@127.0.0.1:1/x',
    }
    const { code, output } = await doctor(['--url', running.worker.url, '--json'], wrong)
    const report = JSON.parse(output)
    expect([code, report.ok, report.database_host]).toEqual([1, false, '127.0.0.1:1'])
    expect(report.checks).toContainEqual(expect.objectContaining({ name: 'stripe-key', result: 'fail' }))
    expect(report.checklist).toContainEqual(
      expect.objectContaining({ name: 'LOW_BALANCE', state: 'missing', secret: false }),
    )
    expect(output).not.toContain('hunter2')
    for (const secret of secrets()) expect(output).not.toContain(secret)
  })

  it.each([
    [['--url', 'ledgerhook.example.com'], '--url takes the address of the Worker'],
    [['--url', 'https://ledgerhook.example.com/api'], '--url takes the address of the Worker'],
    [['--env', 'nowhere'], 'nowhere'],
  ])('refuses %j', async (args, why) => {
    const { code, output } = await doctor(args)
    expect([code, output]).toEqual([1, expect.stringContaining(why)])
    expect(output.split('\n')).toHaveLength(1)
  })
})
