import * as z from 'zod/mini'
import { type Described, refusal } from '../../src/api/route.ts'
import { entry, shown, verdict } from './delivery.ts'
import { shownPages } from './shown-pages.ts'

const signedEvent = () => z.looseObject({}).check(z.describe('The provider’s event, as it was signed'))

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
  summary: `Receives events of ${name}, each with its signature`,
  body: signedEvent,
  response: verdict,
  refusals: { 400: refusal('invalid_signature') },
})

/** The descriptions of the routes that are neither for signed-in users nor for your backend. */
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
      'Entries in the order of time; of a long history, the newest page. For the previous page, give its `next` as `before`. No payloads.',
    params: () =>
      z.object({
        id: z
          .string()
          .check(z.describe('The id of a user, a payment or an event, or the `reference` of a spend')),
      }),
    query: () =>
      z.object({
        before: z.optional(z.string()).check(z.describe('The `next` of the page that was read last')),
      }),
    response: () =>
      z.object({
        about: z.enum(['user', 'payment', 'event', 'reference']),
        id: z.string(),
        user_id: z.nullable(z.string()),
        payment: z.nullable(z.string()),
        event: z.nullable(shown()),
        entries: z.array(entry()),
        next: z.nullable(z.int()).check(z.describe('Where older entries begin; null on the last page')),
        sum: z
          .nullable(z.int())
          .check(z.describe('Credits: the sum of all entries; null above 100,000 entries')),
        balance: z.nullable(z.int()).check(z.describe('The user’s present balance, in credits')),
        waiting: z.array(shown()).check(z.describe('Parked, rejected, or given up')),
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
    summary: 'The alerts that are or were open',
    response: () =>
      z.object({ alerts: z.array(z.looseObject({ alert: z.string(), says: z.nullable(z.string()) })) }),
    refusals: { 503: refusal('unavailable') },
  },
  {
    method: 'get',
    path: '/api/ops/rates',
    caller: 'operator',
    summary: 'What the webhooks received in each hour, with the error and fallback rates',
    query: () => z.object({ hours: z.optional(z.string()).check(z.describe('1 to 720, by default 24')) }),
    response: () =>
      z.object({
        since: z.string(),
        total: rate(),
        hours: z.array(
          z.object({
            hour: z.string(),
            ...rate().shape,
            metrics: z.nullable(z.looseObject({})).check(z.describe('From Analytics Engine, if it is read')),
          }),
        ),
        kinds: z.array(z.looseObject({ provider: z.string(), outcome: z.string(), count: z.int() })),
        metrics: z.string().check(z.describe('Whether Analytics Engine is read')),
      }),
    refusals: { 503: refusal('unavailable') },
  },
  ...shownPages,
]
