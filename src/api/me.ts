import * as z from 'zod/mini'
import { readMe } from './read-me.ts'
import { route } from './route.ts'
import { asSignedIn, deactivated } from './signed-in.ts'

const subscription = () =>
  z.object({
    id: z.string(),
    status: z.string().check(z.describe('As Stripe names it')),
    plan: z.nullable(z.string()).check(z.describe('The lookup key of its price, else the key in PLANS')),
    price: z.nullable(z.string()).check(z.describe('Stripe’s price id')),
    current_period_end: z.nullable(z.iso.datetime({ offset: true })),
    cancel_at_period_end: z.boolean(),
    cancel_at: z.nullable(z.iso.datetime({ offset: true })),
    collection_paused: z.boolean().check(z.describe('Whether Stripe collects no money for it now')),
  })

export const me = route({
  method: 'get',
  path: '/api/me',
  caller: 'user',
  summary: 'The signed-in user',
  description: 'Creates the user and the wallet if Clerk’s webhook has not come yet.',
  response: () =>
    z.object({
      id: z.string().check(z.describe('Clerk’s user id')),
      email: z.nullable(z.string()).check(z.describe('Null until Clerk’s webhook has come')),
      name: z.nullable(z.string()),
      balance: z.int().check(z.describe('Credits')),
      banned: z.boolean().check(z.describe('Whether banned in Clerk: may neither spend nor buy')),
      subscription: z.nullable(subscription()).check(z.describe('Of several, the one that entitles to most')),
    }),
  refusals: { 403: deactivated },
  handle: async (call) => await asSignedIn(call, readMe),
})
