import * as z from 'zod/mini'
import { userParams } from './fields.ts'
import { readEntitlements } from './read-entitlements.ts'
import { refusal, route } from './route.ts'
import { deactivated, granted } from './signed-in.ts'

export const entitlements = route({
  method: 'get',
  path: '/api/users/{id}/entitlements',
  caller: 'service',
  summary: 'What a user may use now: plan and balance',
  description:
    'For your backend to ask before it does something. Send the `ETag` back as `If-None-Match`: while nothing has changed, the response is 304 without a body.',
  params: userParams,
  revalidates: true,
  response: () =>
    z.object({
      plan: z
        .nullable(z.string())
        .check(z.describe('Of several subscriptions, the one that entitles to most')),
      status: z.nullable(z.string()).check(z.describe('The status of its subscription, as Stripe names it')),
      cancel_at: z.nullable(z.iso.datetime({ offset: true })),
      collection_paused: z.boolean().check(z.describe('Whether Stripe collects no money for it now')),
      banned: z.boolean().check(z.describe('Whether banned in Clerk: may neither spend nor buy')),
      balance: z.int().check(z.describe('Credits')),
    }),
  refusals: { 403: deactivated, 404: refusal('unknown_user') },
  handle: async ({ db, params }) => granted(await readEntitlements(db, { user_id: params.id })),
})
