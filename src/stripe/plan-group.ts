import type { Settings } from '../settings.ts'

/**
 * The group of plans of which a user has one at a time: `""` where PLANS names none. A plan is known by its price, else
 * by its key.
 */
export function groupOf(
  { price, plan }: { price: string | null; plan: string | null },
  plans: Settings['PLANS'],
): string {
  const named = price !== null && Object.hasOwn(plans, price) ? plans[price] : undefined
  const all = Object.values(plans)
  const sold = named ?? all.find((one) => one.price === price) ?? all.find((one) => one.key === plan)
  return sold?.group ?? ''
}
