import * as z from 'zod/mini'
import type { Database } from '../db.ts'
import type { Plan } from '../settings/sold.ts'
import type { Settings } from '../settings.ts'
import { tagged } from '../stripe/app-tag.ts'
import { appUrl, type Order, openCheckout } from '../stripe/checkout.ts'
import { stripeClient } from '../stripe/client.ts'
import { CurrencyConflict } from '../stripe/currency.ts'
import { isLiveKey } from '../stripe/key.ts'
import { PaidMeanwhile } from '../stripe/open-sessions.ts'
import { groupOf } from '../stripe/plans.ts'
import { readBuyer } from '../users/customer.ts'
import type { SignedIn, UserRefusal } from '../users/signed-in.ts'
import { billingPortal } from './billing-portal.ts'
import { type PlanBuyer, readPlanBuyer } from './read-plan-buyer.ts'
import { invalidRequest, Refusal, route } from './route.ts'
import { asSignedIn, barred } from './signed-in.ts'
import { orStripeRefusal, stripeRefusals } from './stripe-refusals.ts'

const pack = () => z.string().check(z.describe('A name in `CREDIT_PACKS`'))
const plan = () =>
  z.string().check(z.describe('A key in `PLANS`, or a Stripe price id if several prices have that key'))

const conflicts = () =>
  z.object({
    error: z.enum(['already_subscribed', 'currency_conflict']),
    portal: z
      .optional(z.string())
      .check(z.describe('With `already_subscribed`: the route where the user changes the plan')),
  })

export const startCheckout = route({
  method: 'post',
  path: '/api/checkout',
  caller: 'user',
  summary: 'A Stripe Checkout Session for a credit pack or a plan',
  description:
    'Send the person to `url`. The customer at Stripe is created once, but each call creates a new session. Several sessions for packs can all be paid. A session for a plan expires the user’s other open one of the same group.',
  body: () =>
    z
      .strictObject({ pack: z.optional(pack()), plan: z.optional(plan()) })
      .check(
        z.refine(({ pack, plan }) => (pack === undefined) !== (plan === undefined), 'names a pack or a plan'),
      ),
  response: () => z.object({ id: z.string(), url: z.string().check(z.describe('Where to pay')) }),
  refusals: { 403: barred, 409: conflicts, ...stripeRefusals },
  handle: async (call) => {
    const { db, userId, settings, body } = call
    const [order, app] = [orderOf(body, settings), appUrl(settings)]
    const buyer = await asSignedIn(call, (db, who) => read(db, order, who))
    if (buyer.barred) throw new Refusal(403, buyer.barred)
    if ('plan' in order && hasPlanOf(order.plan, buyer, settings)) throw alreadySubscribed()
    const erase = settings.USER_DELETION === 'delete'
    const names = { user_id: userId, ...tagged(settings) }
    const shop = { stripe: stripeClient(settings), db, livemode: isLiveKey(settings) }
    const sale = { ...shop, userId, names, erase, buyer }
    return await orStripeRefusal(() =>
      openCheckout(sale, order, app).catch((error: unknown) => {
        if (error instanceof PaidMeanwhile) throw alreadySubscribed()
        if (error instanceof CurrencyConflict) throw new Refusal(409, 'currency_conflict')
        throw error
      }),
    )
  },
})

const alreadySubscribed = () => new Refusal(409, 'already_subscribed', { portal: billingPortal.path })

const read = (db: Database, order: Order, who: SignedIn): Promise<PlanBuyer | UserRefusal> =>
  'plan' in order ? readPlanBuyer(db, who) : readPackBuyer(db, who)

async function readPackBuyer(db: Database, who: SignedIn): Promise<PlanBuyer | UserRefusal> {
  const buyer = await readBuyer(db, who)
  return 'refused' in buyer ? buyer : { ...buyer, plans: [] }
}

/** Whether the user already has a plan that this one would replace. */
const hasPlanOf = ({ group = '' }: Plan, { plans }: PlanBuyer, { PLANS }: Settings) =>
  plans.some((one) => groupOf(one, PLANS) === group)

type Named = { pack?: string | undefined; plan?: string | undefined }

/** Returns what is ordered. @throws Refusal 400 if it is not sold, or could mean several prices */
function orderOf({ pack, plan = '' }: Named, { CREDIT_PACKS, PLANS }: Settings): Order {
  if (pack !== undefined) {
    const sold = Object.hasOwn(CREDIT_PACKS, pack) ? CREDIT_PACKS[pack] : undefined
    if (sold) return { pack: sold }
    throw invalidRequest({ pack: [notSold(Object.keys(CREDIT_PACKS))] })
  }
  const [one, ...others] = plansNamed(plan, PLANS)
  if (!one)
    throw invalidRequest({ plan: [notSold([...new Set(Object.values(PLANS).map(({ key }) => key))])] })
  if (others.length > 0) {
    const names = [one, ...others].map(([name]) => name)
    throw invalidRequest({ plan: [`has several prices: name one of ${names.join(', ')}`] })
  }
  const [name, sold] = one
  const price = sold.price ?? (isPriceId(name) ? name : undefined)
  if (price === undefined) throw invalidRequest({ plan: ['is not sold: it names no `price` in `PLANS`'] })
  return { price, plan: sold }
}

/**
 * Returns the plans that a request may mean, each with its name in PLANS: the one of that name, else all with that key.
 */
function plansNamed(plan: string, plans: Settings['PLANS']): [string, Plan][] {
  const all = Object.entries(plans)
  const named = all.filter(([name]) => name === plan)
  return named.length > 0 ? named : all.filter(([, { key }]) => key === plan)
}

/**
 * Whether the name is a price's id. A product and a lookup key say what was bought, but not what to sell: both may have
 * several prices.
 */
const isPriceId = (name: string) => /^(price|plan)_/.test(name)

const notSold = (names: string[]) =>
  names.length > 0 ? `is not sold; these are: ${names.join(', ')}` : 'is not sold; none is'
