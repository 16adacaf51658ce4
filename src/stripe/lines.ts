import type Stripe from 'stripe'
import * as z from 'zod/mini'
import type { Effect } from '../db.ts'
import { once } from '../once.ts'
import * as payments from '../payments/verbs.ts'
import type { Settings } from '../settings.ts'
import { id } from '../values.ts'
import type { Verdict } from '../webhook/outcome.ts'
import { read } from '../webhook/provider.ts'
import { MAX_CREDITS } from './payload.ts'
import { READ } from './thin.ts'

const lineItem = once(() =>
  z.object({
    price: z.nullish(z.object({ id: id(), custom_unit_amount: z.nullish(z.looseObject({})) })),
    quantity: z.nullish(z.int().check(z.minimum(0))),
  }),
)

type Line = z.output<ReturnType<typeof lineItem>>

export const NOT_OURS: Verdict = { outcome: 'ignored', reason: 'not_ours' }
export const INVALID: Verdict = { outcome: 'rejected', reason: 'invalid_metadata' }

/**
 * Reads from Stripe what a session sold, and decides what it grants. Null if that is not known: the delivery stays
 * parked.
 * @throws StripeError, Unreadable
 */
export async function readSold(
  stripe: Stripe,
  session: payments.SoldSession,
  { CREDIT_PACKS }: Settings,
): Promise<Effect | null> {
  const { unread, stripe_checkout_session_id: sessionId } = session
  const list = await stripe.checkout.sessions.listLineItems(sessionId, { limit: 100 }, READ)
  if (list.has_more || unread === null) return null
  const lines = list.data.map((line) => read(lineItem, line))
  const credits = soldBy(lines, CREDIT_PACKS) || soldByLink(lines, unread.link_credits)
  const sold = { ...session, credits: null, unread: null, unsold: null }
  if (credits > MAX_CREDITS)
    return payments.settleSession({ ...sold, unsold: { outcome: 'rejected', reason: 'limit_exceeded' } })
  if (credits > 0) return payments.settleSession({ ...sold, credits })
  const isForUs = unread.is_claimed || lines.some((line) => packOf(line, CREDIT_PACKS))
  return payments.settleSession({ ...sold, unsold: isForUs ? INVALID : NOT_OURS })
}

/** Returns the credits of the packs that name the price of a line, times the quantity. */
function soldBy(lines: Line[], packs: Settings['CREDIT_PACKS']): number {
  return lines
    .filter(isFixed)
    .reduce((sum, line) => sum + (packOf(line, packs)?.credits ?? 0) * (line.quantity ?? 1), 0)
}

/** Returns the credits that the link's own metadata promises, which counts only if there is one line. */
function soldByLink(lines: Line[], credits: number | null): number {
  const [line] = lines
  return line && lines.length === 1 && isFixed(line) ? (credits ?? 0) * (line.quantity ?? 1) : 0
}

const packOf = ({ price }: Line, packs: Settings['CREDIT_PACKS']) =>
  price ? Object.values(packs).find((pack) => pack.price === price.id) : undefined

/**
 * Whether the price is fixed. If the buyer chose the amount, one unit of the currency would buy as much as a hundred.
 */
const isFixed = ({ price }: Line) => !price?.custom_unit_amount
