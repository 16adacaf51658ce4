import * as z from 'zod/mini'
import { once } from '../once.ts'
import { id, idOf, instant, member } from '../values.ts'

/** An id, or the object itself if it was expanded. */
export const reference = once(() =>
  z.union([
    id(),
    z.pipe(
      z.object({ id: id() }),
      z.transform((object) => object.id),
    ),
  ]),
)

const checkoutSession = () =>
  z.object({
    id: id(),
    mode: z.enum(['payment', 'setup', 'subscription']),
    payment_status: z.string(),
    amount_total: z.nullish(z.int().check(z.minimum(0))),
    currency: z.nullish(z.string().check(z.regex(/^[a-z]{3}$/))),
    customer: z.nullish(reference()),
    payment_intent: z.nullish(reference()),
    /** The invoice of a sale with `invoice_creation`, which then names the sale. */
    invoice: z.nullish(reference()),
    /** The Payment Link that made it, whose metadata Stripe copies. */
    payment_link: z.nullish(reference()),
    client_reference_id: z.nullish(z.string()),
    metadata: z.nullish(z.record(z.string(), z.unknown())),
    created: z.nullish(z.int()),
  })

export type CheckoutSession = z.output<ReturnType<typeof checkoutSession>>

export const checkoutSessionEvent = once(() => z.object({ data: z.object({ object: checkoutSession() }) }))

/** A moment as Stripe has it, in whole Unix seconds. */
const unixTime = () =>
  z.pipe(
    z.number(),
    z.transform((value) => instant(value * 1000)),
  )
export const seconds = once(() => z.pipe(unixTime(), z.date()))

/**
 * Returns the user whom the event's object names: in its metadata, else as the session's reference. An invoice repeats
 * the metadata of its subscription: under `parent` since 2025-03-31, at the top level before.
 */
export function namedUser(event: unknown): string | null {
  const object = member(member(event, 'data'), 'object')
  const subscription =
    member(member(object, 'parent'), 'subscription_details') ?? member(object, 'subscription_details')
  const names = [
    ...[object, subscription].map((named) => member(member(named, 'metadata'), 'user_id')),
    member(object, 'client_reference_id'),
  ].map(idOf)
  return names.find((name) => name !== null) ?? null
}

/** Returns the ids by which a person may look an event up: the object's own first, then those of what it belongs to. */
export function idsOf(event: unknown): string[] {
  const object = member(member(event, 'data'), 'object')
  const names = ['id', 'payment_intent', 'charge', 'latest_charge', 'invoice', 'subscription', 'customer']
  const subscription = member(member(member(object, 'parent'), 'subscription_details'), 'subscription')
  const ids = [...names.map((name) => member(object, name)), subscription]
    // A schema would create an error for each id that is missing, in every delivery.
    .map((named) => idOf(named) ?? idOf(member(named, 'id')))
    .filter((found) => found !== null)
  return [...new Set(ids)]
}

export const MAX_CREDITS = 10 ** 12

/**
 * Returns the credits that metadata names, or null. Metadata is text that any key holder of the Stripe account may
 * write, so only digits within the range count.
 */
export function readCredits(text: unknown): number | null {
  if (typeof text !== 'string' || !/^\d{1,13}$/.test(text)) return null
  const credits = Number(text)
  return credits >= 1 && credits <= MAX_CREDITS ? credits : null
}
