import * as z from 'zod/mini'
import { id, storableText } from '../values.ts'
import { spend } from '../wallet/spend.ts'
import { refusal, route } from './route.ts'
import { barred, granted } from './signed-in.ts'

const name = () => id.check(z.describe('Printable ASCII without spaces, at most 255 characters'))
const note = () =>
  z.pipe(
    z.string().check(z.maxLength(500)),
    z.transform((text) => storableText(text)),
  )

export const spendCredits = route({
  method: 'post',
  path: '/api/wallet/spend',
  caller: 'service',
  summary: 'Take credits from a wallet, once per idempotency key',
  description:
    'Never below zero. The same key again returns the balance right after its spend. A refused key has written nothing and may be tried again.',
  body: () =>
    z.strictObject({
      user_id: name(),
      amount: z.int().check(z.minimum(1), z.maximum(10 ** 12), z.describe('Credits')),
      idempotency_key: name(),
      note: z.nullish(note()).check(z.describe('No personal data')),
    }),
  response: () => z.object({ balance: z.int().check(z.describe('Credits, right after this spend')) }),
  refusals: {
    402: refusal('insufficient_credits', () => ({ balance: z.int() })),
    403: barred,
    404: refusal('unknown_user'),
    409: refusal('idempotency_key_reused'),
  },
  handle: async ({ db, body }) => granted(await spend(db, { ...body, note: body.note ?? null })),
})
