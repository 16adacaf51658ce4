import { subscriptionEvent } from '../../local/billing-events.ts'
import { startClerk } from '../../local/clerk/server.ts'
import { checkoutEvent } from '../../local/events.ts'
import { reversalEvent } from '../../local/reversal-events.ts'
import { startStripe } from '../../local/stripe/server.ts'

/** What both providers have: people `from` … `to`, each with a customer and a paid session. */
export interface Population {
  key: string
  people: number
  /** The number of people, from the first on, who have a subscription. */
  subscriptions: number
  /** The people half of whose payments were refunded. */
  refunded: { from: number; to: number }
}

const SEEDED_AT_ONCE = 2_000
const CREATED = Math.floor(Date.now() / 1000) - 30 * 86_400

/** Returns the part of every id that identifies a person. Ids of other people differ only in it. */
export const nameOf = (n: number) => `b${n}b`

/**
 * A separate process, so that its memory is not the command's. It reports its addresses, and the number of its
 * requests.
 */
if (import.meta.main && process.send) {
  const population = JSON.parse(process.argv[2] ?? '') as Population
  const { key } = population
  const stripe = await startStripe({ port: 0, secretKey: key, prices: [] })
  const clerk = await startClerk({ port: 0, secretKey: key, instanceId: 'ins_bench' })
  for (let from = 0; from < population.people; from += SEEDED_AT_ONCE) {
    const to = Math.min(from + SEEDED_AT_ONCE, population.people)
    const people = Array.from({ length: to - from }, (_, i) => from + i)
    await post(`${clerk.url}/test/users`, people.map(userOf))
    await post(`${stripe.url}/test/seed`, {
      customers: people.map(customerOf),
      sessions: people.map(sessionOf),
      subscriptions: people.filter((n) => n < population.subscriptions).map(subscriptionOf),
      refunds: people
        .filter((n) => n >= population.refunded.from && n < population.refunded.to)
        .map(refundOf),
    })
  }
  process.on('message', async () => {
    const asked = await Promise.all(
      [stripe, clerk].map(async ({ url }) => (await (await fetch(`${url}/test/requests`)).json()).length),
    )
    process.send?.(asked.reduce((sum, count) => sum + count, 0))
  })
  process.send({ stripeUrl: stripe.url, clerkUrl: clerk.url })
}

async function post(url: string, body: unknown): Promise<void> {
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) })
  if (!response.ok) throw new Error(await response.text())
}

function userOf(n: number): object {
  const name = nameOf(n)
  // All differ in time, because objects of one moment need an offset to be listed.
  const created_at = new Date(CREATED * 1000 + n).toISOString()
  return { id: `user_${name}`, email_address: [`${name}@example.com`], created_at }
}

function customerOf(n: number): object {
  const name = nameOf(n)
  const metadata = { user_id: `user_${name}` }
  return { id: `cus_${name}`, object: 'customer', created: CREATED, livemode: false, metadata }
}

function sessionOf(n: number): object {
  const name = nameOf(n)
  const ids = { user: `user_${name}`, payment: `pi_${name}` }
  const session = { customer: `cus_${name}`, created: CREATED }
  return checkoutEvent('checkout.session.completed', { ...ids, session }).data.object
}

function subscriptionOf(n: number): object {
  const name = nameOf(n)
  const ids = { subscription: `sub_${name}`, customer: `cus_${name}`, price: 'price_pro' }
  return subscriptionEvent('customer.subscription.created', { ...ids, set: { created: CREATED } }).data.object
}

function refundOf(n: number): object {
  const set = { created: CREATED }
  return reversalEvent('refund.created', {
    payment: `pi_${nameOf(n)}`,
    amount: 250,
    status: 'succeeded',
    set,
  }).data.object
}
