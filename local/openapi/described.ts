import * as z from 'zod/mini'
import { type Described, refusal } from '../../src/api/route.ts'
import { OUTCOMES, type Outcome } from '../../src/webhook/outcome.ts'

const signedEvent = () => z.looseObject({}).check(z.describe('The provider’s event, as it was signed'))
const reasons = () => Object.values(OUTCOMES).flatMap((reasons) => Object.keys(reasons))
const verdict = () =>
  z.object({
    event: z.string(),
    type: z.nullable(z.string()),
    outcome: z.enum(Object.keys(OUTCOMES) as [Outcome, ...Outcome[]]),
    reason: z.nullable(z.enum(reasons() as [string, ...string[]])),
  })

const delivery = () =>
  z.object({
    ...verdict().shape,
    provider: z.string(),
    via: z.string(),
    attempts: z.int(),
    user_id: z.nullable(z.string()),
    occurred_at: z.nullable(z.string()),
    received_at: z.string(),
    settled_at: z.nullable(z.string()),
    build: z.nullable(z.string()).check(z.describe('The build that decided it')),
    settings_hash: z.nullable(z.string()).check(z.describe('Of the settings that decided it')),
  })
const entry = () =>
  z.object({
    id: z.int(),
    user_id: z.string(),
    kind: z.string(),
    amount: z.int().check(z.describe('Credits, signed')),
    balance_after: z.int(),
    payment: z.nullable(z.string()),
    note: z.nullable(z.string()),
    key: z.string(),
    reference: z.nullable(z.string()).check(z.describe('What a spend was for')),
    caller: z.nullable(z.string()).check(z.describe('The name of the service token that asked for it')),
    campaign: z.nullable(z.string()),
    created_at: z.string(),
    given_back: z.nullable(z.int()).check(z.describe('Of a spend: credits that came back')),
    reverses: z
      .nullable(z.object({ id: z.int(), key: z.string(), amount: z.int() }))
      .check(z.describe('Of a give-back: the spend')),
    delivery: z.nullable(delivery()).check(z.describe('What caused it')),
    says: z.string().check(z.describe('The entry in plain words')),
  })

const counts = () => z.record(z.string(), z.int())
const rate = () =>
  z.object({
    requests: z.int(),
    verified: z.int(),
    refused: z.int(),
    unavailable: z.int().check(z.describe('5xx')),
    error_rate: z.nullable(z.number()),
    fallback_rate: z.nullable(z.number()),
    outcomes: counts(),
    fallbacks: counts(),
    database_p95_ms: z.nullable(z.number()),
    oldest_parked_hours: z.nullable(z.number()),
  })

const webhook = (name: 'Clerk' | 'Stripe'): Described => ({
  method: 'post',
  path: `/api/webhooks/${name.toLowerCase()}`,
  caller: 'provider',
  summary: `For ${name} alone: its events, each with its signature`,
  body: signedEvent,
  response: verdict,
  refusals: { 400: refusal('invalid_signature') },
})

/** What the API's document says of the routes that are neither a signed-in user's nor your backend's. */
export const described: Described[] = [
  webhook('Clerk'),
  webhook('Stripe'),
  {
    method: 'get',
    path: '/api/health',
    caller: 'anyone',
    summary: 'Whether the Worker responds, without the database',
    response: () => z.object({ status: z.literal('ok') }),
  },
  {
    method: 'get',
    path: '/api/ready',
    caller: 'operator',
    summary: 'Whether the database is reachable, and has the migrations and functions of this build',
    response: () => z.object({ status: z.literal('ready') }),
    refusals: {
      503: () =>
        z.object({
          status: z.enum(['not_migrated', 'functions_outdated', 'wrong_isolation', 'unavailable']),
        }),
    },
  },
  {
    method: 'get',
    path: '/api/ops/explain/{id}',
    caller: 'operator',
    summary: 'Why a balance is what it is, or what became of a payment, an event or a reference',
    description:
      'Entries oldest first, the newest page of a long history. For the page before it, give its `next` as `before`. No payloads.',
    params: () =>
      z.object({
        id: z.string().check(z.describe('Of a user, a payment or an event, or the `reference` of a spend')),
      }),
    query: () =>
      z.object({ before: z.optional(z.string()).check(z.describe('The `next` of the page before')) }),
    response: () =>
      z.object({
        about: z.enum(['user', 'payment', 'event', 'reference']),
        id: z.string(),
        user_id: z.nullable(z.string()),
        payment: z.nullable(z.string()),
        event: z.nullable(delivery()),
        entries: z.array(entry()),
        next: z.nullable(z.int()).check(z.describe('Where older entries begin; null on the last page')),
        sum: z.int().check(z.describe('Credits, of all entries')),
        balance: z.nullable(z.int()).check(z.describe('Credits of the user, now')),
        waiting: z.array(delivery()).check(z.describe('Parked, rejected, or given up')),
      }),
    refusals: { 404: refusal('not_found'), 503: refusal('unavailable') },
  },
  {
    method: 'get',
    path: '/api/health/deep',
    caller: 'anyone',
    summary: 'Whether a critical alert is open, for an uptime service',
    response: () => z.object({ status: z.literal('ok'), critical: z.int() }),
    refusals: { 503: () => z.object({ status: z.literal('critical'), critical: z.int() }) },
  },
  {
    method: 'get',
    path: '/api/ops/alerts',
    caller: 'operator',
    summary: 'The alerts that are open, and those that were',
    response: () =>
      z.object({ alerts: z.array(z.looseObject({ alert: z.string(), says: z.nullable(z.string()) })) }),
    refusals: { 503: refusal('unavailable') },
  },
  {
    method: 'get',
    path: '/api/ops/rates',
    caller: 'operator',
    summary: 'What came to the webhooks by the hour, with error and fallback rate',
    query: () => z.object({ hours: z.optional(z.string()).check(z.describe('1 to 720, by default 24')) }),
    response: () =>
      z.object({
        since: z.string(),
        total: rate(),
        hours: z.array(
          z.object({
            hour: z.string(),
            ...rate().shape,
            metrics: z.nullable(z.looseObject({})).check(z.describe('Of Analytics Engine, where it is read')),
          }),
        ),
        kinds: z.array(z.looseObject({ provider: z.string(), outcome: z.string(), count: z.int() })),
        metrics: z.string().check(z.describe('Whether Analytics Engine is read')),
      }),
    refusals: { 503: refusal('unavailable') },
  },
]
