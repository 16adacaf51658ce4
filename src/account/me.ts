import * as z from 'zod'
import { readMe } from '../users/me.ts'
import { route } from './route.ts'
import { deactivated, granted, signedIn } from './signed-in.ts'

export const me = route({
  method: 'get',
  path: '/api/me',
  caller: 'user',
  summary: 'The signed-in user',
  description: 'Brings user, wallet and signup bonus if Clerk’s webhook has not come yet.',
  answer: z.object({
    id: z.string().meta({ description: 'Clerk’s user id' }),
    email: z.string().nullable().meta({ description: 'Null until Clerk’s webhook has come' }),
    name: z.string().nullable(),
    balance: z.int().meta({ description: 'Credits' }),
    subscription: z
      .object({
        id: z.string(),
        status: z.string().meta({ description: 'As Stripe names it' }),
        plan: z
          .string()
          .nullable()
          .meta({ description: 'The lookup key of its price, else the key in PLANS' }),
        price: z.string().nullable().meta({ description: 'Stripe’s price id' }),
        current_period_end: z.iso.datetime({ offset: true }).nullable(),
        cancel_at_period_end: z.boolean(),
        cancel_at: z.iso.datetime({ offset: true }).nullable(),
      })
      .nullable()
      .meta({ description: 'Of several, the one that entitles most' }),
  }),
  refusals: { 403: deactivated },
  handle: async ({ db, userId, settings }) => granted(await readMe(db, signedIn(userId, settings))),
})
