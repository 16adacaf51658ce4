import * as z from 'zod/mini'
import { giveBack } from '../wallet/give-back.ts'
import { amount, name, note } from './fields.ts'
import { route } from './route.ts'
import { granted } from './signed-in.ts'

export const giveBackCredits = route({
  method: 'post',
  path: '/api/wallet/give-back',
  caller: 'service',
  summary: 'Give back a spend, or a part of it, once per idempotency key',
  description:
    'Never more than the spend took, however many calls there are. The same key again returns the same result. A refused key has written nothing and may be tried again.',
  body: () =>
    z.strictObject({
      user_id: name(),
      spend_key: name().check(z.describe('The `idempotency_key` of the spend')),
      amount: z.nullish(amount()).check(z.describe('Credits. Without it: all that is left of the spend')),
      idempotency_key: name(),
      note: z.nullish(note()).check(z.describe('No personal data')),
    }),
  response: () =>
    z.object({
      balance: z.int().check(z.describe('Credits, right after this give-back')),
      given_back: z.int().check(z.describe('Credits that this key gave back')),
      closed: z
        .boolean()
        .check(z.describe('Whether the wallet was already closed, because its user is deleted')),
    }),
  refusals: {
    404: () => z.object({ error: z.enum(['unknown_user', 'unknown_spend']) }),
    409: () =>
      z.object({
        error: z.enum(['more_than_spent', 'idempotency_key_reused', 'limit_exceeded']),
        left: z
          .optional(z.int())
          .check(z.describe('With `more_than_spent`: credits that can still be given back')),
      }),
  },
  handle: async ({ db, body, tokenName }) => {
    const { note = null, amount = null } = body
    return granted(await giveBack(db, { ...body, note, amount, caller: tokenName }))
  },
})
