import * as z from 'zod/mini'
import type { Settings } from '../settings.ts'
import { grantCredits } from '../wallet/grant-credits.ts'
import { amount, name, note } from './fields.ts'
import { invalidRequest, Refusal, route } from './route.ts'
import { granted } from './signed-in.ts'

export const grant = route({
  method: 'post',
  path: '/api/wallet/grant',
  caller: 'service',
  summary: 'Grant credits that nobody paid for, once per idempotency key',
  description:
    'Within `GRANT_LIMIT`, and within the caps of the campaign. The same key again returns the balance right after its grant. A refused key has written nothing and may be tried again.',
  body: () =>
    z.strictObject({
      user_id: name(),
      amount: amount(),
      idempotency_key: name(),
      note: note().check(
        z.refine((text) => text !== null, 'says why'),
        z.describe('Why. No personal data'),
      ),
      campaign: z.nullish(z.string()).check(z.describe('A name in `CAMPAIGNS`')),
    }),
  response: () => z.object({ balance: z.int().check(z.describe('Credits, right after this grant')) }),
  refusals: {
    403: () => z.object({ error: z.enum(['grants_off', 'user_deactivated']) }),
    404: () => z.object({ error: z.literal('unknown_user') }),
    409: () =>
      z.object({
        error: z.enum([
          'campaign_exhausted',
          'grant_limit_exceeded',
          'idempotency_key_reused',
          'limit_exceeded',
        ]),
        limit: z.optional(z.string()).check(z.describe('The cap that it would exceed')),
        left: z.optional(z.int()).check(z.describe('Credits that are left of that cap')),
      }),
  },
  handle: async ({ db, body, settings, tokenName }) => {
    if (settings.GRANT_LIMIT === undefined) throw new Refusal(403, 'grants_off')
    const { campaign = null, note, ...rest } = body
    const caps = campaignCaps(campaign, settings)
    const facts = { ...rest, note: note ?? '', campaign, ...caps, ...settings.GRANT_LIMIT, caller: tokenName }
    return granted(await grantCredits(db, facts))
  },
})

/**
 * Returns the caps of a campaign. @throws Refusal 400 if it is not known, because a misspelt name would otherwise have
 * no cap
 */
function campaignCaps(campaign: string | null, { CAMPAIGNS }: Settings) {
  if (campaign === null) return { campaign_per_user: null, campaign_total: null }
  const caps = Object.hasOwn(CAMPAIGNS, campaign) ? CAMPAIGNS[campaign] : undefined
  const known = Object.keys(CAMPAIGNS).join(', ') || 'none'
  if (!caps) throw invalidRequest({ campaign: [`is not in CAMPAIGNS, which has: ${known}`] })
  return { campaign_per_user: caps.per_user ?? null, campaign_total: caps.total ?? null }
}
