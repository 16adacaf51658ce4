import * as z from 'zod/mini'
import { spend } from '../wallet/spend.ts'
import { startCheckout } from './checkout.ts'
import { amount, name, note } from './fields.ts'
import { refusal, route } from './route.ts'
import { barred, granted } from './signed-in.ts'

export const spendCredits = route({
  method: 'post',
  path: '/api/wallet/spend',
  caller: 'service',
  summary: 'Take credits from a wallet, once per idempotency key',
  description:
    'Never below zero. The same key again takes nothing and returns the same. The header `Ledgerhook-Given-Back` then has the credits that were given back since: another try needs another key. A refused key has written nothing and may be tried again.',
  body: () =>
    z.strictObject({
      user_id: name(),
      amount: amount(),
      idempotency_key: name(),
      note: z.nullish(note()).check(z.describe('No personal data')),
      reference: z.nullish(name()).check(z.describe('What it is for: a job, an order')),
    }),
  response: () => z.object({ balance: z.int().check(z.describe('Credits, right after this spend')) }),
  refusals: {
    402: refusal('insufficient_credits', () => ({
      balance: z.int(),
      checkout: z.string().check(z.describe('The route that sells credits, for the signed-in user to call')),
    })),
    403: barred,
    404: refusal('unknown_user'),
    409: refusal('idempotency_key_reused'),
  },
  handle: async ({ db, body, tokenName, header }) => {
    const { note = null, reference = null } = body
    const answer = await spend(db, { ...body, note, reference, caller: tokenName })
    const isShort = 'refused' in answer && answer.refused === 'insufficient_credits'
    const spent = granted(isShort ? { ...answer, checkout: startCheckout.path } : answer)
    // In a header, because the body of a repeated call never changes.
    if (spent.given_back) header('Ledgerhook-Given-Back', String(spent.given_back))
    return { balance: spent.balance }
  },
})
