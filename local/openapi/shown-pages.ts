import * as z from 'zod/mini'
import { type Described, refusal } from '../../src/api/route.ts'
import { LISTED } from '../../src/ops/page/deliveries.ts'
import { entry, shown } from './delivery.ts'

const action = () => z.looseObject({ at: z.string(), operator: z.string(), action: z.string() })
const counts = () => z.record(z.string(), z.int())
const rows = () => z.array(z.looseObject({}))
const filter = (says: string) => z.optional(z.string()).check(z.describe(says))
const listed = (values: string[]) => z.optional(z.enum(values))
const unavailable = { 503: refusal('unavailable') }

/** The descriptions of the routes that return the data of a page of `/ops`. */
export const shownPages: Described[] = [
  {
    method: 'get',
    path: '/api/ops/overview',
    caller: 'operator',
    summary: 'What needs attention: the first page of `/ops`',
    response: () =>
      z.object({
        build: z.string(),
        status: z.string().check(z.describe('The status that `/api/ready` returns')),
        migration: z.nullable(z.string()),
        alerts: z.array(z.looseObject({ alert: z.string(), state: z.string() })),
        waiting: z
          .array(z.looseObject({ outcome: z.string(), reason: z.string(), count: z.int() }))
          .check(z.describe('What is parked or rejected, by reason')),
        besides: counts().check(z.describe('What else needs attention')),
        behind: rows().check(z.describe('The users behind these numbers, at most 50 of each')),
        differences: rows().check(z.describe('Differences from Stripe and Clerk')),
        hours: rows(),
        days: rows(),
        secrets: rows(),
        tasks: rows(),
        reconciled: z.nullable(z.looseObject({})),
        stored: rows().check(z.describe('The largest tables')),
      }),
    refusals: unavailable,
  },
  {
    method: 'get',
    path: '/api/ops/deliveries',
    caller: 'operator',
    summary: 'Deliveries, the newest first, and what each waits for',
    description:
      'A page has 50. For the one after it, give its `next` as `before_at` and `before_id`. No payloads.',
    query: () =>
      z.object({
        provider: listed(LISTED.provider),
        type: filter('The type of the event'),
        outcome: listed(LISTED.outcome),
        reason: listed(LISTED.reason),
        user_id: filter('The user that they are about'),
        id: filter('The id of the event, or of an object that it is about'),
        since: filter('A moment in ISO 8601, in UTC without an offset'),
        until: filter('The end, in the same form'),
        before_at: filter('The first of `next`'),
        before_id: filter('The second of `next`'),
      }),
    response: () =>
      z.object({
        deliveries: z.array(shown()),
        next: z.nullable(z.array(z.string())).check(z.describe('Null on the last page')),
        searched_to: z
          .nullable(z.string())
          .check(z.describe('If the search stopped early, the moment that it reached: the next `before_at`')),
      }),
    refusals: unavailable,
  },
  {
    method: 'get',
    path: '/api/ops/deliveries/{provider}/{event}',
    caller: 'operator',
    summary: 'What became of one delivery',
    params: () => z.object({ provider: z.string(), event: z.string() }),
    response: () =>
      z.object({
        delivery: shown(),
        has_payload: z.boolean(),
        entries: z.array(entry()),
        actions: z.array(action()),
      }),
    refusals: { 404: refusal('not_found'), ...unavailable },
  },
  {
    method: 'get',
    path: '/api/ops/find',
    caller: 'operator',
    summary: 'Everything known about a user, a payment, an event or a reference',
    query: () => z.object({ id: z.string(), before: filter('The `next` of the page that was read last') }),
    response: () =>
      z.object({
        id: z.string(),
        about: z.string(),
        payment: z.nullable(z.string()),
        event: z.nullable(shown()),
        user_id: z.nullable(z.string()),
        user: z.nullable(z.looseObject({})),
        balance: z.nullable(z.int()),
        sum: z.nullable(z.int()).check(z.describe('Null above 100,000 entries')),
        next: z.nullable(z.int()),
        entries: z.array(entry()),
        payments: rows(),
        subscriptions: rows(),
        waiting: z.array(shown()),
        actions: z.array(action()),
      }),
    refusals: { 404: refusal('not_found'), ...unavailable },
  },
  {
    method: 'get',
    path: '/api/ops/actions',
    caller: 'operator',
    summary: 'What operators have done, the newest first',
    query: () => z.object({ before: filter('The `next` of the page that was read last') }),
    response: () => z.object({ actions: z.array(action()), next: z.nullable(z.int()) }),
    refusals: unavailable,
  },
]
