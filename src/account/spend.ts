import * as z from 'zod'
import { spend } from '../credits/wallet.ts'
import { id, storableText } from '../webhook/values.ts'
import { refusal, route } from './route.ts'
import { deactivated, granted } from './signed-in.ts'

const name = id.meta({ description: 'Printable ASCII without spaces, at most 255 characters' })

export const spendCredits = route({
  method: 'post',
  path: '/api/wallet/spend',
  caller: 'service',
  summary: 'Take credits from a wallet, once per idempotency key',
  description:
    'Never below zero. The same key again answers the balance right after its spend; a refused one has written nothing and may be tried again.',
  body: z.strictObject({
    user_id: name,
    amount: z
      .int()
      .min(1)
      .max(10 ** 12)
      .meta({ description: 'Credits' }),
    idempotency_key: name,
    note: z.string().max(500).transform(storableText).nullish().meta({ description: 'No personal data' }),
  }),
  answer: z.object({ balance: z.int().meta({ description: 'Credits, right after this spend' }) }),
  refusals: {
    402: refusal('insufficient_credits', { balance: z.int() }),
    403: deactivated,
    404: refusal('unknown_user'),
    409: refusal('idempotency_key_reused'),
  },
  handle: async ({ db, body }) => granted(await spend(db, { ...body, note: body.note ?? null })),
})
