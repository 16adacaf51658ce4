import * as z from 'zod'
import type { Account } from './account.ts'
import { invalid, missing } from './errors.ts'
import { create } from './objects.ts'
import { whole } from './params.ts'
import { adjustable, assertOfMode, type Options } from './session-options.ts'
import type { Order, OrderLine, Price, Session, StripeObject } from './state.ts'

const priceData = z.strictObject({
  currency: z.string().regex(/^[a-z]{3}$/),
  unit_amount: whole(),
  product_data: z.strictObject({ name: z.string().min(1), description: z.string().min(1).optional() }),
})

export const lineItem = z.strictObject({
  price: z.string().min(1).optional(),
  price_data: priceData.optional(),
  quantity: whole(1),
  adjustable_quantity: adjustable,
})

type LineItem = z.output<typeof lineItem>

/** Returns what is bought. @throws ApiError for a price that does not exist, or does not fit the mode */
export function readOrder(account: Account, params: Options & { line_items: LineItem[] }): Order {
  assertOfMode(params)
  const { metadata = {} } = params.payment_intent_data ?? params.subscription_data ?? {}
  const lines = params.line_items.map((item, index) => readLine(account, item, index))
  assertMode(lines, params.mode)
  if (new Set(lines.map(({ price }) => price.currency)).size > 1)
    throw invalid('All prices on a Checkout session must have the same currency.', { param: 'line_items' })
  return { lines, metadata, trialDays: params.subscription_data?.trial_period_days ?? null }
}

function readLine({ state }: Account, item: LineItem, index: number): OrderLine {
  const { quantity, adjustable_quantity: range } = item
  const adjustable = range?.enabled ? { minimum: range.minimum ?? 1, maximum: range.maximum ?? 99 } : null
  if (!item.price === !item.price_data)
    throw invalid('You must provide one of `price` or `price_data` for each line item.', {
      param: `line_items[${index}]`,
    })
  if (item.price_data) {
    const { currency, unit_amount, product_data } = item.price_data
    const own = { currency, unit_amount, unit_amount_decimal: String(unit_amount) }
    const price = create<Price>('price', { ...own, recurring: null, type: 'one_time' })
    return { name: product_data.name, quantity, adjustable, price }
  }
  const price = state.prices.get(item.price ?? '')
  if (!price) throw missing('price', item.price ?? '', `line_items[${index}][price]`)
  return { name: price.id, quantity, adjustable, price }
}

/** A subscription may be sold with one-time prices, which its first invoice charges. */
function assertMode(lines: OrderLine[], mode: Session['mode']): void {
  if (mode === 'payment' && lines.some(({ price }) => price.recurring))
    throw invalid(
      'You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use only one-time prices.',
    )
  if (mode === 'subscription' && !lines.some(({ price }) => price.recurring))
    throw invalid('You must provide at least one recurring price in `subscription` mode when using prices.')
}

/** Minor units, before discounts, tax and shipping. A trial charges only one-time prices. */
export const subtotalOf = ({ lines, trialDays }: Order) =>
  lines
    .filter(({ price }) => trialDays === null || !price.recurring)
    .reduce((sum, line) => sum + amountOf(line), 0)

const amountOf = ({ price, quantity }: OrderLine) => (price.unit_amount ?? 0) * quantity

/** Returns the lines of a session as Stripe lists them. */
export function lineItemsOf(id: string, { lines }: Order): object {
  const data = lines.map((line, index) => {
    const { name: description, price, quantity, adjustable } = line
    const amount = amountOf(line)
    return {
      id: `li_${index}_${id}`,
      object: 'item',
      adjustable_quantity: adjustable && { enabled: true, ...adjustable },
      amount_discount: 0,
      amount_subtotal: amount,
      amount_tax: 0,
      amount_total: amount,
      currency: price.currency,
      description,
      metadata: {},
      price,
      quantity,
    } satisfies StripeObject
  })
  return { object: 'list', data, has_more: false, url: `/v1/checkout/sessions/${id}/line_items` }
}
