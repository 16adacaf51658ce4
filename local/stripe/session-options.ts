import * as z from 'zod'
import { invalid } from './errors.ts'
import { bool, metadata, whole } from './params.ts'

const enabled = z.strictObject({ enabled: bool })

/** The Checkout options of a session or a payment link. */
export const options = {
  automatic_tax: enabled.optional(),
  tax_id_collection: enabled.optional(),
  allow_promotion_codes: bool.optional(),
  /** The payer names the cost of a rate, because this stand-in stores no rates. */
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

/** Returns the members of the session that show these options. */
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

/** Refuses data of the other mode. @throws ApiError */
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
 * Refuses an option that changes an existing customer, unless the session allows that.
 * @throws ApiError if Checkout would have to change the customer and may not
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
