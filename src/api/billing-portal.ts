import * as z from 'zod/mini'
import { appUrl, hasAddress, openPortal } from '../stripe/checkout.ts'
import { stripeClient } from '../stripe/client.ts'
import { isLiveKey } from '../stripe/key.ts'
import { readPortal } from './read-portal.ts'
import { Refusal, refusal, route } from './route.ts'
import { asSignedIn, deactivated } from './signed-in.ts'
import { orStripeRefusal, stripeRefusals } from './stripe-refusals.ts'

export const billingPortal = route({
  method: 'post',
  path: '/api/billing-portal',
  caller: 'user',
  summary: 'Stripe’s customer portal: plan, cards, invoices',
  description:
    'For users who have bought something: without a Stripe customer there is nothing to manage (`no_customer`). A customer who came by a Payment Link is shown only to the user whose verified address it has.',
  response: () => z.object({ url: z.string().check(z.describe('Where to send the person')) }),
  refusals: { 403: deactivated, 409: refusal('no_customer'), ...stripeRefusals },
  handle: async (call) => {
    const { db, settings } = call
    const app = appUrl(settings)
    const { customers, verified } = await asSignedIn(call, readPortal)
    const stripe = stripeClient(settings)
    const shop = { stripe, db, livemode: isLiveKey(settings) }
    for (const { id, by_reference } of customers) {
      const url = await orStripeRefusal(async () =>
        // A reference may be anybody's: only the address shows whose cards and invoices these are.
        by_reference && !(await hasAddress(stripe, id, verified)) ? null : await openPortal(shop, id, app),
      )
      if (url) return { url }
    }
    throw new Refusal(409, 'no_customer')
  },
})
