import * as z from 'zod'
import { randomId } from '../ids.ts'
import type { Account } from './account.ts'
import { currency, MOST, readBody } from './body.ts'
import { invalid } from './errors.ts'
import { oneTimePrice, recurringPrice } from './objects.ts'
import type { Price } from './state.ts'

const price = z.strictObject({
  /** Without it, a price that is paid once lets the buyer choose the amount, and a plan is 20.00. */
  unit_amount: z.int().min(0).max(MOST).optional(),
  currency: currency.optional(),
  lookup_key: z.string().min(1).max(200).optional(),
  type: z.enum(['recurring', 'one_time']).default('recurring'),
  interval: z.enum(['day', 'week', 'month', 'year']).optional(),
})

/** Creates a price with this id, as the Dashboard does. */
export function createPrice(account: Account, id: string, body: unknown): Price {
  const { type, interval, unit_amount: unitAmount, currency, lookup_key: lookupKey } = readBody(price, body)
  if (type === 'one_time' && interval) throw invalid('A price that is paid once has no interval.')
  const named = id || randomId('price')
  const made =
    type === 'one_time'
      ? oneTimePrice(named, unitAmount ?? null, currency)
      : recurringPrice(named, { unitAmount, currency, interval })
  made.lookup_key = lookupKey ?? null
  account.state.prices.set(made.id, made)
  return made
}
