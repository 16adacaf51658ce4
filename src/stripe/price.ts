import * as z from 'zod/mini'
import type { KnownPrice } from '../payments/verbs.ts'
import { id } from '../values.ts'
import { reference } from './payload.ts'

/**
 * A number of minor units with a fraction. Stripe writes it as text, and the SDK turns it into an object. It is negative
 * if somebody has added a credit to an invoice.
 */
export const decimal = () =>
  z.pipe(
    z.pipe(
      z.unknown(),
      z.transform((value) => (value === null || value === undefined ? null : String(value))),
    ),
    z.nullable(z.string().check(z.regex(/^-?\d{1,15}(\.\d{1,12})?$/))),
  )

const amounts = () => ({ unit_amount: z.nullish(z.int()), unit_amount_decimal: z.nullish(decimal()) })

/** A price, or the part of it that an invoice line contains. */
export const priceSchema = () =>
  z.object({
    id: id(),
    currency: z.nullish(z.string()),
    product: z.nullish(reference()),
    lookup_key: z.nullish(z.string()),
    ...amounts(),
    recurring: z.nullish(
      z.object({ interval: z.string(), interval_count: z.int(), usage_type: z.nullish(z.string()) }),
    ),
    currency_options: z.nullish(z.record(z.string(), z.object(amounts()))),
  })

type Price = z.output<ReturnType<typeof priceSchema>>

/** Returns what a price says, for each currency that it has. */
export function pricesOf({
  id,
  currency,
  recurring,
  currency_options,
  lookup_key,
  ...own
}: Price): KnownPrice[] {
  if (!currency) return []
  const known = {
    id,
    interval: recurring?.interval ?? null,
    interval_count: recurring?.interval_count ?? null,
    usage_type: recurring?.usage_type ?? null,
    lookup_key: lookup_key ?? '',
  }
  const options = { ...currency_options, [currency]: own }
  return Object.entries(options).map(([currency, amounts]) => ({
    ...known,
    currency,
    unit_amount: amounts.unit_amount_decimal ?? amounts.unit_amount?.toString() ?? null,
  }))
}
