import * as z from 'zod'
import { type Described, refusal } from './account/route.ts'

const signedEvent = z.looseObject({}).meta({ description: 'The provider’s event, as it was signed' })
const verdict = z.object({
  event: z.string(),
  type: z.string().nullable(),
  outcome: z.enum(['applied', 'duplicate', 'stale', 'ignored', 'parked', 'rejected']),
  reason: z.string().nullable(),
})

const delivery = z.object({
  ...verdict.shape,
  provider: z.string(),
  via: z.string(),
  attempts: z.int(),
  user_id: z.string().nullable(),
  occurred_at: z.string().nullable(),
  received_at: z.string(),
  settled_at: z.string().nullable(),
})
const entry = z.object({
  id: z.int(),
  user_id: z.string(),
  kind: z.string(),
  amount: z.int().meta({ description: 'Credits, signed' }),
  balance_after: z.int(),
  payment: z.string().nullable(),
  note: z.string().nullable(),
  key: z.string(),
  created_at: z.string(),
  delivery: delivery.nullable().meta({ description: 'What caused it' }),
  says: z.string().meta({ description: 'The entry in plain words' }),
})

const webhook = (name: 'Clerk' | 'Stripe'): Described => ({
  method: 'post',
  path: `/api/webhooks/${name.toLowerCase()}`,
  caller: 'provider',
  summary: `For ${name} alone: its events, each with its signature`,
  body: signedEvent,
  answer: verdict,
  refusals: { 400: refusal('invalid_signature') },
})

/** What the API's document tells of the routes that are not the signed-in user's. */
export const described: Described[] = [
  webhook('Clerk'),
  webhook('Stripe'),
  {
    method: 'get',
    path: '/api/health',
    caller: 'anyone',
    summary: 'Whether the Worker answers, without the database',
    answer: z.object({ status: z.literal('ok') }),
  },
  {
    method: 'get',
    path: '/api/ready',
    caller: 'operator',
    summary: 'Whether the database answers, and has every migration',
    answer: z.object({ status: z.literal('ready') }),
    refusals: { 503: z.object({ status: z.enum(['not_migrated', 'unavailable']) }) },
  },
  {
    method: 'get',
    path: '/api/ops/explain/{id}',
    caller: 'operator',
    summary: 'Why a balance is what it is, or what became of a payment or an event',
    description: 'Entries oldest first, of long histories the newest 500. No payloads.',
    params: z.object({ id: z.string().meta({ description: 'Of a user, a payment or an event' }) }),
    answer: z.object({
      about: z.enum(['user', 'payment', 'event']),
      id: z.string(),
      user_id: z.string().nullable(),
      payment: z.string().nullable(),
      event: delivery.nullable(),
      entries: z.array(entry),
      sum: z.int().meta({ description: 'Credits, of all entries' }),
      balance: z.int().nullable().meta({ description: 'Credits of the user, now' }),
      waiting: z.array(delivery).meta({ description: 'Parked, rejected, or given up' }),
    }),
    refusals: { 404: refusal('not_found'), 503: refusal('unavailable') },
  },
]
