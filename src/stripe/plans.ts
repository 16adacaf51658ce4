import type { Plan } from '../settings/sold.ts'
import type { Settings } from '../settings.ts'

type Plans = Settings['PLANS']

/** The names of a Stripe price, as far as the source gives them. */
interface Named {
  price: string | null
  lookupKey?: string | null | undefined
  product?: string | null | undefined
}

/** Whether anything is sold by subscription. Without plans nobody waits for a price. */
export const hasPlans = ({ PLANS }: Pick<Settings, 'PLANS'>) => Object.keys(PLANS).length > 0

/** Returns the plan that a price stands for: by its id, its lookup key or its product, in this order. */
export function planOf({ price, lookupKey, product }: Named, plans: Plans): Plan | undefined {
  return planOfPrice(price, plans) ?? named(lookupKey, plans) ?? named(product, plans)
}

/** Returns the plan that names this price. */
export const planOfPrice = (price: string | null, plans: Plans): Plan | undefined =>
  named(price, plans) ?? Object.values(plans).find((plan) => price !== null && plan.price === price)

/** Returns the plans whose names may be lookup keys: neither a price's id nor a product's. */
export const plansByLookupKey = (plans: Plans): [string, Plan][] =>
  Object.entries(plans).filter(([name]) => !/^(price|prod)_/.test(name))

const named = (name: string | null | undefined, plans: Plans): Plan | undefined =>
  name != null && Object.hasOwn(plans, name) ? plans[name] : undefined

/**
 * Returns the group of plans of which a user has one at a time, or `""` if PLANS names none. A subscription's plan is
 * found by its price, else by its plan key, which is the price's lookup key or the `key` of PLANS.
 */
export function groupOf(
  { price, plan }: { price: string | null; plan: string | null },
  plans: Plans,
): string {
  const sold =
    planOf({ price, lookupKey: plan }, plans) ?? Object.values(plans).find(({ key }) => key === plan)
  return sold?.group ?? ''
}
