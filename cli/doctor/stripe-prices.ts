import Stripe from 'stripe'
import { type Check, fail, pass } from './check.ts'

type Pack = { price?: string | undefined; currency?: string | undefined }

const isMissing = (error: unknown) => error instanceof Stripe.errors.StripeError && error.statusCode === 404

async function priceById(stripe: Stripe, id: string): Promise<Stripe.Price | null> {
  try {
    return await stripe.prices.retrieve(id)
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}

/** Returns the prices that a key of PLANS means: by price id, else by lookup key, else by product id. */
async function pricesOf(stripe: Stripe, key: string): Promise<Stripe.Price[]> {
  const price = key.startsWith('prod_') ? null : await priceById(stripe, key)
  if (price) return [price]
  const { data } = await stripe.prices.list({ lookup_keys: [key] })
  if (data.length > 0) return data
  return key.startsWith('prod_')
    ? (await stripe.prices.list({ product: key, active: true, limit: 100 })).data
    : []
}

const intervalOf = ({ recurring }: Stripe.Price) => `${recurring?.interval_count} ${recurring?.interval}`

/** Returns what is wrong with the prices of a plan. Undefined if nothing is. */
function wrongPlan(key: string, prices: Stripe.Price[]): string | undefined {
  if (prices.length === 0) return `${key}: no such price, lookup key or product in this account and mode`
  const once = prices.find(({ recurring }) => !recurring)
  if (once) return `${key}: ${once.id} is not recurring`
  const metered = prices.find(({ recurring }) => recurring?.usage_type === 'metered')
  if (metered) return `${key}: ${metered.id} is metered, and grants nothing`
  const idle = prices.find(({ active }) => !active)
  if (idle) return `${key}: ${idle.id} is not active, so nobody can subscribe to it`
  if (new Set(prices.map(intervalOf)).size > 1)
    return `${key}: a product with prices of several intervals would grant the same for a month as for a year`
  return undefined
}

const plans: Check = {
  group: 'stripe',
  name: 'stripe-plans',
  needs: ['STRIPE_SECRET_KEY'],
  costs: 'a checkout of the plan gets 500 or 502, or its renewals wait as parked / unknown_price',
  async run({ stripe, settings: { PLANS = {} } }) {
    const keys = Object.entries(PLANS).flatMap(([key, { price }]) => (price ? [key, price] : [key]))
    const wrong: string[] = []
    for (const key of new Set(keys)) {
      const said = wrongPlan(key, await pricesOf(stripe(), key))
      if (said) wrong.push(said)
    }
    if (wrong.length > 0) return fail(wrong.join('; '), 'correct PLANS, or the prices in the Dashboard')
    return pass(keys.length === 0 ? 'no plan is sold' : `every price of PLANS is there (${keys.length})`)
  },
}

function wrongPack(name: string, { price: id }: Pack, price: Stripe.Price | null): string | undefined {
  if (!price) return `${name}: there is no ${id} in this account and mode`
  if (price.recurring) return `${name}: ${id} is recurring, and a pack is bought once`
  if (price.custom_unit_amount) return `${name}: the buyer of ${id} chooses the amount, so it sells nothing`
  return price.active ? undefined : `${name}: ${id} is not active`
}

const packs: Check = {
  group: 'stripe',
  name: 'stripe-packs',
  needs: ['STRIPE_SECRET_KEY'],
  costs: 'a checkout of the pack gets 500 or 502, or sells nothing',
  async run({ stripe, settings: { CREDIT_PACKS = {} } }) {
    const priced = Object.entries(CREDIT_PACKS as Record<string, Pack>).filter(([, { price }]) => price)
    const wrong: string[] = []
    for (const [name, pack] of priced) {
      const said = wrongPack(name, pack, await priceById(stripe(), pack.price ?? ''))
      if (said) wrong.push(said)
    }
    if (wrong.length > 0)
      return fail(wrong.join('; '), 'correct CREDIT_PACKS, or the prices in the Dashboard')
    return pass(
      priced.length === 0 ? 'no pack names a price' : `every price of a pack is there (${priced.length})`,
    )
  },
}

/** Stripe bills a customer in one currency, once it has a subscription (Stripe: customers, currency). */
const currencies: Check = {
  group: 'stripe',
  name: 'stripe-currencies',
  needs: ['STRIPE_SECRET_KEY'],
  costs: 'a customer who has subscribed in one currency cannot buy in another',
  async run({ stripe, settings: { PLANS = {}, CREDIT_PACKS = {} } }) {
    const used = new Set(
      Object.values(CREDIT_PACKS as Record<string, Pack>).flatMap(({ currency }) => currency ?? []),
    )
    for (const key of Object.keys(PLANS))
      for (const { currency } of await pricesOf(stripe(), key)) used.add(currency)
    if (used.size <= 1) return pass(`everything is sold in ${[...used][0] ?? 'no currency'}`)
    return {
      result: 'warn',
      says: `several currencies are sold: ${[...used].sort().join(', ')}`,
      do: 'sell to each customer in one currency, or sell in one only',
    }
  },
}

export const priceChecks = [plans, packs, currencies]
