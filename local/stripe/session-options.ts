import * as z from 'zod'
import { invalid } from './errors.ts'
import { bool, metadata, whole } from './params.ts'

const enabled = z.strictObject({ enabled: bool })

/** What a session, or a payment link, may ask of Checkout. */
export const options = {
  automatic_tax: enabled.optional(),
  tax_id_collection: enabled.optional(),
  allow_promotion_codes: bool.optional(),
  /** What a rate costs is said by whoever pays: this stand-in keeps no rates. */
  shipping_options: z
    .array(z.strictObject({ shipping_rate: z.string().min(1) }))
    .max(5)
    .optional(),
  payment_intent_data: z.strictObject({ metadata: metadata.optional() }).optional(),
  subscription_data: z
    .strictObject({ metadata: metadata.optional(), trial_period_days: whole(1).optional() })
    .optional(),
}

export const customerUpdate = z.strictObject({
  address: z.enum(['auto', 'never']).optional(),
  name: z.enum(['auto', 'never']).optional(),
})

export const adjustable = z
  .strictObject({ enabled: bool, minimum: whole(0).optional(), maximum: whole(1).optional() })
  .optional()

interface Named {
  metadata?: Record<string, string> | undefined
}

export interface Options {
  mode: 'payment' | 'subscription'
  automatic_tax?: { enabled: boolean } | undefined
  tax_id_collection?: { enabled: boolean } | undefined
  allow_promotion_codes?: boolean | undefined
  shipping_options?: { shipping_rate: string }[] | undefined
  payment_intent_data?: Named | undefined
  subscription_data?: (Named & { trial_period_days?: number | undefined }) | undefined
}

/** Returns the members of the session that show what was asked for. */
export const shown = ({
  automatic_tax,
  tax_id_collection,
  allow_promotion_codes,
  shipping_options,
}: Options) => ({
  ...(automatic_tax && {
    automatic_tax: { ...automatic_tax, liability: null, provider: null, status: null },
  }),
  ...(tax_id_collection && { tax_id_collection: { ...tax_id_collection, required: 'never' } }),
  ...(allow_promotion_codes !== undefined && { allow_promotion_codes }),
  ...(shipping_options && { shipping_options }),
})

/** @throws ApiError for data of the other mode */
export function assertOfMode({ mode, ...params }: Options): void {
  if (params.shipping_options && mode !== 'payment')
    throw invalid('You can not pass `shipping_options` in `subscription` mode.', {
      param: 'shipping_options',
    })
  for (const [other, member] of [
    ['payment', 'payment_intent_data'],
    ['subscription', 'subscription_data'],
  ] as const) {
    if (params[member] && mode !== other)
      throw invalid(`You can not pass \`${member}\` in \`${mode}\` mode.`, { param: member })
  }
}

/**
 * Checkout changes a customer who is there only if it is told that it may.
 * @throws ApiError where it would have to, and may not
 */
export function assertMayUpdate(
  { automatic_tax, tax_id_collection }: Options,
  customer: string | null,
  update: z.output<typeof customerUpdate> | undefined,
): void {
  if (update && customer === null)
    throw invalid('`customer_update` can only be used with `customer`.', { param: 'customer_update' })
  if (customer === null) return
  if (automatic_tax?.enabled && update?.address !== 'auto')
    throw invalid(
      "Automatic tax calculation in Checkout requires a valid address on the Customer. Add a valid address to the Customer or set either `customer_update[address]` to 'auto' or `customer_update[shipping]` to 'auto' to save the address entered in Checkout to the Customer.",
      { code: 'customer_tax_location_invalid' },
    )
  if (tax_id_collection?.enabled && update?.name !== 'auto')
    throw invalid(
      'Tax ID collection requires updating business name on the customer. To enable tax ID collection for an existing customer, please set `customer_update[name]` to `auto`.',
      { param: 'customer_update' },
    )
}
