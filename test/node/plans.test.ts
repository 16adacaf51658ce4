import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type Event, hotEvents, sign, signUp } from '../../bench/arena/deliveries.ts'
import { fill, filledUsers } from '../../bench/ground/fill.ts'
import { clerkEvent } from '../../local/events.ts'
import { reversalEvent } from '../../local/reversal-events.ts'
import type { Database } from '../../src/db.ts'
import { reportAttention } from '../../src/ops/attention.ts'
import { explain } from '../../src/ops/explain.ts'
import { providers } from '../../src/providers.ts'
import { settingsSchema } from '../../src/settings.ts'
import { orphans } from '../../src/subscriptions/orphans.ts'
import { readMe } from '../../src/users/signed-in.ts'
import { readWallet, spend } from '../../src/wallet/wallet.ts'
import { releasable, unreadable } from '../../src/webhook/parked.ts'
import { receive } from '../../src/webhook/receive.ts'
import type { Stack } from '../support/control.ts'

/** Enough for the planner to prefer an index where there is one. */
const LEDGER_ROWS = 100_000

const secrets = {
  CLERK_WEBHOOK_SECRET: `whsec_${'AAAA'.repeat(8)}`,
  STRIPE_WEBHOOK_SECRET: 'whsec_of_the_plans',
}
const defaults = settingsSchema().parse({
  ...secrets,
  DATABASE_URL: 'postgresql://nobody:nothing@localhost/nowhere',
  STRIPE_SECRET_KEY: 'sk_test_unused',
  PLANS: '{"price_pro_monthly": {"key": "pro", "credits": 1000}}',
})
const who = { signup_bonus: 40, erase: false }
const users = filledUsers(LEDGER_ROWS, 40, 0)
const nextUser = () => users.shift() ?? ''

let client: Client
const db: Database = {
  query: async <Row>(text: string, parameters?: string[]) =>
    (await client.query(text, parameters)).rows as Row[],
}

/** A node of a plan, as Postgres explains it. */
interface Plan {
  'Node Type': string
  'Relation Name'?: string
  'Index Name'?: string
  'Index Cond'?: string
  Plans?: Plan[]
}

let plans: Plan[] = []
const usedIndexes = new Set<string>()

beforeAll(async () => {
  const response = await fetch(`${inject('control')}/stack`, { method: 'POST' })
  const { databaseUrl } = (await response.json()) as Stack
  await fill(databaseUrl, LEDGER_ROWS, () => {})
  client = new Client(databaseUrl)
  await client.connect()
  client.on('notice', ({ message = '' }) => {
    const [, plan] = /^duration: .*? plan:\n(.*)$/s.exec(message) ?? []
    if (plan) plans.push(JSON.parse(plan).Plan)
  })
  // Statements inside functions and triggers too.
  await client.query(`load 'auto_explain'; set auto_explain.log_min_duration = 0; set auto_explain.log_format = 'json';
    set auto_explain.log_nested_statements = on; set auto_explain.log_level = 'notice'`)
})

afterAll(() => client.end())

async function deliver(event: Event, settings = defaults): Promise<string> {
  const { url, headers, body } = await sign(event, 'http://ledgerhook.test', secrets)
  const request = new Request(url, { method: 'POST', headers, body })
  const response = await receive(providers[event.provider], request, settings, db)
  return ((await response.json()) as { outcome: string }).outcome
}

/** Every node of every plan that ran meanwhile. */
async function nodesOf(act: () => Promise<unknown>): Promise<Plan[]> {
  plans = []
  await act()
  const nodes = plans.flatMap(flatten)
  for (const { 'Index Name': index } of nodes) if (index) usedIndexes.add(index)
  return nodes
}

const flatten = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(flatten)]

/** Tables that are read from one end to the other, also in the order of an index, to find some of their rows. */
const scansOf = (nodes: Plan[]) =>
  nodes
    .filter((node) => / Scan$/.test(node['Node Type']) && !node['Index Cond'])
    .map(
      (node) => node['Index Name'] ?? (node['Node Type'] === 'Seq Scan' ? node['Relation Name'] : undefined),
    )
    .filter((name) => name !== undefined)

describe('on a database that has grown', () => {
  it.each(hotEvents)('$name finds every row by an index', async (hot) => {
    const user = hot.name === 'user created' || hot.name === 'first top-up' ? 'user_new' : nextUser()
    const before = await nodesOf(async () => {
      for (const event of hot.before(user)) await deliver(event)
    })
    const nodes = await nodesOf(async () => {
      expect(await deliver(hot.event(user))).toBe(hot.outcome)
    })
    expect(nodes.length).toBeGreaterThan(1)
    expect(scansOf([...before, ...nodes])).toEqual([])
  })

  it.each<[string, (user_id: string) => Promise<unknown>]>([
    ['GET /api/me', (user_id) => readMe(db, { ...who, user_id })],
    ['GET /api/wallet', (user_id) => readWallet(db, { ...who, user_id, page_size: 50 })],
    [
      'POST /api/wallet/spend',
      (user_id) => spend(db, { user_id, amount: 1, idempotency_key: 'plan', note: null }),
    ],
  ])('%s finds every row by an index', async (_route, call) => {
    const nodes = await nodesOf(() => call(nextUser()))
    expect(nodes.length).toBeGreaterThan(1)
    expect(scansOf(nodes)).toEqual([])
  })
})

it('no index is there that no query uses, but for those that keep a row unique', async () => {
  const gone = nextUser()
  const disputed = reversalEvent('charge.dispute.funds_withdrawn', {
    payment: null,
    charge: 'ch_pi_f1_user_f1',
    amount: 5,
  })
  await nodesOf(async () => {
    await deliver({ provider: 'stripe', body: disputed })
    await deliver(signUp('user_of_the_indexes'))
    const deletion = clerkEvent('user.deleted', { user: gone })
    await deliver(
      { provider: 'clerk', messageId: 'msg_gone', body: deletion },
      { ...defaults, USER_DELETION: 'delete' },
    )
    for (const id of [gone, 'pi_f1_user_f2', 'evt_f1_user_f3']) await explain(db, id)
    await releasable(db)
    await unreadable(db)
    await reportAttention(db, {})
    await orphans(db)
  })
  const { rows } = await client.query<{
    name: string
  }>(`select indexrelid::regclass::text as name from pg_index
    join pg_class on pg_class.oid = indrelid where relnamespace = 'public'::regnamespace and not indisunique`)
  expect(rows.map(({ name }) => name).filter((name) => !usedIndexes.has(name))).toEqual([])
})
