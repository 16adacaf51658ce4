import * as z from 'zod'
import { type Described, refusal } from './account/route.ts'

const signedEvent = z.looseObject({}).meta({ description: 'The provider’s event, as it was signed' })
const verdict = z.object({
  event: z.string(),
  type: z.string().nullable(),
  outcome: z.enum(['applied', 'duplicate', 'stale', 'ignored', 'parked', 'rejected']),
  reason: z.string().nullable(),
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
]
