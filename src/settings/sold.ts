import * as z from 'zod/mini'
import { nonEmpty, wholeCredits } from './forms.ts'

/** Stripe's limit of a line's quantity. */
const quantity = () => z.int().check(z.minimum(1), z.maximum(999_999))

/**
 * The options of Stripe Checkout that a setting may use, by Stripe's names. A misspelt or unknown option is refused,
 * because it would do nothing.
 */
const options = () => ({
  automatic_tax: z.optional(z.boolean()),
  tax_id_collection: z.optional(z.boolean()),
  allow_promotion_codes: z.optional(z.boolean()),
  /** The quantity; with `adjustable_quantity`, the quantity that the buyer sees first. */
  quantity: z.optional(quantity()),
  /** The buyer may change the quantity within these limits. */
  adjustable_quantity: z.optional(z.strictObject({ minimum: quantity(), maximum: quantity() })),
})

/** Returns the schema of `checkout`, which names the options where it refuses an unknown one. */
const checkout = <Shape extends z.core.$ZodShape>(shape: Shape) =>
  z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? `has no option ${issue.keys.join(', ')} in checkout: the options are ${Object.keys(shape).join(', ')}`
        : undefined,
  })

type Quantities = {
  quantity?: number | undefined
  adjustable_quantity?: { minimum: number; maximum: number } | undefined
}

function isOrdered({ quantity = 1, adjustable_quantity: range }: Quantities): boolean {
  return !range || (range.minimum <= quantity && quantity <= range.maximum)
}

const isOrderedIn = () =>
  z.refine<Quantities>(isOrdered, 'has a quantity outside the limits of adjustable_quantity')

/** The id of a Stripe price: `price_…`, `plan_…`, or a custom one from before 2020. Never a product's. */
const priceId = () => z.string().check(z.regex(/^(?!prod_)[\w-]{1,255}$/))

/** A pack with a price of its own: credits, for an amount in minor units of a currency. */
const ownPack = () =>
  z.object({
    ...bought(),
    price: z.optional(z.never()),
    amount: z.int().check(z.minimum(0)),
    currency: z.string().check(z.regex(/^[a-z]{3}$/)),
    name: nonEmpty(),
    // An adjustable quantity is read back from the lines of the session by their price, which this pack does not have.
    checkout: z.optional(checkout({ ...options(), adjustable_quantity: z.optional(z.never()) })),
  })

/** A pack that sells credits by a price at Stripe, which has the amount and the name. */
const pricedPack = () =>
  z.object({
    ...bought(),
    price: priceId(),
    amount: z.optional(z.never()),
    currency: z.optional(z.never()),
    checkout: z.optional(checkout(options()).check(isOrderedIn())),
  })

const bought = () => ({ credits: wholeCredits().check(z.minimum(1)) })

export const creditPack = () =>
  z
    .union([ownPack(), pricedPack()])
    .check(
      z.refine(
        ({ credits, checkout = {} }) => credits * most(checkout) <= 10 ** 12,
        'sells more than 10^12 credits at once',
      ),
    )

const most = ({ quantity = 1, adjustable_quantity }: Quantities) => adjustable_quantity?.maximum ?? quantity

/**
 * What a Stripe price stands for. Credits are granted once per period, times quantity; in a free trial only with
 * `trial_credits`, for a quantity of one.
 */
export const plan = () =>
  z.object({
    key: nonEmpty(),
    credits: z._default(wholeCredits(), 0),
    trial_credits: z._default(z.boolean(), false),
    /** A user has one plan of a group at a time. All plans without a group form one. */
    group: z.optional(z.string().check(z.regex(/^[\w-]{1,40}$/))),
    /** The price that is sold, if the plan is not named by a price id. */
    price: z.optional(priceId()),
    checkout: z.optional(
      checkout({
        ...options(),
        trial_period_days: z.optional(z.int().check(z.minimum(1), z.maximum(730))),
      }).check(isOrderedIn()),
    ),
  })

/** The members that a pack or a plan may have. Any other member is ignored. */
export const membersOf = {
  CREDIT_PACKS: () => Object.keys({ ...ownPack().shape, ...pricedPack().shape }),
  PLANS: () => Object.keys(plan().shape),
}

export type CreditPack = z.output<ReturnType<typeof creditPack>>
export type Plan = z.output<ReturnType<typeof plan>>

/** Refuses packs that sell the same Stripe price, because it would not be certain what a line of it grants. */
export const sellsEachPriceOnce = () =>
  z.refine<Record<string, CreditPack>>((packs) => sharing(packs) === undefined, {
    error: ({ input }) =>
      `no two packs may have the same price: ${sharing(input as Record<string, CreditPack>)?.join(', ')}`,
  })

/** Returns the names of packs that have the same price. Undefined if there are none. */
function sharing(packs: Record<string, CreditPack>): string[] | undefined {
  const names = Map.groupBy(
    Object.keys(packs).filter((name) => packs[name]?.price),
    (name) => packs[name]?.price,
  )
  return [...names.values()].find(({ length }) => length > 1)
}
