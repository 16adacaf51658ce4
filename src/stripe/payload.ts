import * as z from 'zod/mini'
import { once } from '../once.ts'
import { id, idOf, instant, member } from '../values.ts'

/** An id, or the object itself where a caller had it expanded. */
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
    /** Of a sale with `invoice_creation`, which is then named by its invoice. */
    invoice: z.nullish(reference()),
    /** The Payment Link that made it, whose metadata Stripe copies. */
    payment_link: z.nullish(reference()),
    client_reference_id: z.nullish(z.string()),
    metadata: z.nullish(z.record(z.string(), z.unknown())),
    created: z.nullish(z.int()),
  })

export type CheckoutSession = z.output<ReturnType<typeof checkoutSession>>

export const checkoutSessionEvent = once(() => z.object({ data: z.object({ object: checkoutSession() }) }))

/** Stripe counts in whole Unix seconds. */
const unixTime = () =>
  z.pipe(
    z.number(),
    z.transform((value) => instant(value * 1000)),
  )
export const seconds = once(() => z.pipe(unixTime(), z.date()))

/**
 * The user that the event's object names: in its metadata, else as the session's reference. An invoice repeats the
 * metadata of its subscription: under `parent` since 2025-03-31, at the top before.
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

/** The ids by which a person may ask for an event: the object's own first, then those of what it belongs to. */
export function idsOf(event: unknown): string[] {
  const object = member(member(event, 'data'), 'object')
  const names = ['id', 'payment_intent', 'charge', 'latest_charge', 'invoice', 'subscription', 'customer']
  const subscription = member(member(member(object, 'parent'), 'subscription_details'), 'subscription')
  const ids = [...names.map((name) => member(object, name)), subscription]
    // A schema would make an error of each that is not there, for every delivery.
    .map((named) => idOf(named) ?? idOf(member(named, 'id')))
    .filter((found) => found !== null)
  return [...new Set(ids)]
}

export const MAX_CREDITS = 10 ** 12

/** Metadata is text that any key holder of the Stripe account may write: nothing but digits in range counts. */
export function readCredits(text: unknown): number | null {
  if (typeof text !== 'string' || !/^\d{1,13}$/.test(text)) return null
  const credits = Number(text)
  return credits >= 1 && credits <= MAX_CREDITS ? credits : null
}
