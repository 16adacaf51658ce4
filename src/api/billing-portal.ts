import * as z from 'zod/mini'
import { appUrl, openPortal } from '../stripe/checkout.ts'
import { stripeClient } from '../stripe/client.ts'
import { readBuyer } from '../users/customer.ts'
import { Refusal, refusal, route } from './route.ts'
import { asSignedIn, deactivated } from './signed-in.ts'
import { orStripeRefusal, stripeRefusals } from './stripe-refusals.ts'

export const billingPortal = route({
  method: 'post',
  path: '/api/billing-portal',
  caller: 'user',
  summary: 'Stripe’s customer portal: plan, cards, invoices',
  description: 'For whoever has bought something; anybody else has nothing to manage there.',
  response: () => z.object({ url: z.string().check(z.describe('Where to send the person')) }),
  refusals: { 403: deactivated, 409: refusal('no_customer'), ...stripeRefusals },
  handle: async (call) => {
    const { db, settings } = call
    const app = appUrl(settings)
    const { stripe_customer_id: customer } = await asSignedIn(call, (who) => readBuyer(db, who))
    const url = customer && (await orStripeRefusal(() => openPortal(stripeClient(settings), customer, app)))
    if (!url) throw new Refusal(409, 'no_customer')
    return { url }
  },
})
