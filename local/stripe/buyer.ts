import * as z from 'zod'
import { readBody } from './body.ts'
import { invalid } from './errors.ts'
import { subtotalOf } from './orders.ts'
import type { Order, Session } from './state.ts'

/** The buyer's choices on the payment page, which affect the total. Amounts are in minor units. */
const choices = z.strictObject({
  /** The quantity of the first line, if the buyer may choose it. */
  quantity: z.int().min(1).optional(),
  /** The amount, if the price lets the buyer choose it. */
  amount: z.int().min(0).optional(),
  /** The discount of a promotion code. */
  discount: z.int().min(0).optional(),
  tax: z.int().min(0).optional(),
  /** The cost of the chosen shipping rate. */
  shipping: z.int().min(0).optional(),
  email: z.email().optional(),
})

/** Applies the buyer's choices to an open session, if it allows them. @throws ApiError */
export function choose(session: Session, order: Order, body: Record<string, unknown>): void {
  const { quantity, amount, discount = 0, tax = 0, shipping = 0, email } = readBody(choices, body)
  const [line] = order.lines
  if (line && quantity !== undefined) {
    const { minimum, maximum } = line.adjustable ?? { minimum: line.quantity, maximum: line.quantity }
    if (quantity < minimum || quantity > maximum) throw invalid('The quantity cannot be chosen like this.')
    line.quantity = quantity
  }
  if (line && amount !== undefined) {
    if (!line.price.custom_unit_amount) throw invalid('The amount of this price cannot be chosen.')
    order.lines = [{ ...line, price: { ...line.price, unit_amount: amount } }, ...order.lines.slice(1)]
  }
  if (discount > 0 && !session.allow_promotion_codes) throw invalid('This session takes no promotion codes.')
  if (tax > 0 && !(session.automatic_tax as { enabled: boolean }).enabled)
    throw invalid('This session computes no tax.')
  if (shipping > 0 && (session.shipping_options as unknown[]).length === 0)
    throw invalid('This session ships nothing.')
  const subtotal = subtotalOf(order)
  session.amount_subtotal = subtotal
  session.amount_total = Math.max(0, subtotal - discount) + shipping + tax
  session.total_details = { amount_discount: discount, amount_shipping: shipping, amount_tax: tax }
  if (email !== undefined) session.customer_email = email
}

/** Returns the choices that the payment page offers, each with its present value. Amounts are in minor units. */
export function choicesOf(session: Session, { lines: [line] }: Order): Record<string, number> {
  const chosen: Record<string, number> = {}
  if (line?.adjustable) chosen.quantity = line.quantity
  if (line?.price.custom_unit_amount) chosen.amount = line.price.unit_amount ?? 0
  if (session.allow_promotion_codes) chosen.discount = 0
  if ((session.shipping_options as unknown[]).length > 0) chosen.shipping = 0
  if ((session.automatic_tax as { enabled: boolean }).enabled) chosen.tax = 0
  return chosen
}
