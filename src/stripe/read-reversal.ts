import type Stripe from 'stripe'
import * as z from 'zod/mini'
import type { Effect } from '../db.ts'
import { once } from '../once.ts'
import * as payments from '../payments/verbs.ts'
import { read } from '../webhook/provider.ts'
import { movesOf, readRefund } from './reverse-payment.ts'
import { READ } from './thin.ts'

const positive = () => z.int().check(z.minimum(1))
const chargeSchema = once(() =>
  z.object({
    amount: positive(),
    currency: z.string(),
    /** Expanded. Null while the charge is not settled. */
    balance_transaction: z.object({ amount: positive(), currency: z.string() }),
  }),
)
const disputeSchema = once(() =>
  z.object({ balance_transactions: z.array(z.object({ amount: z.int(), currency: z.nullish(z.string()) })) }),
)

/**
 * A dispute in another currency than its payment, with what its charge brought: both are in the settlement currency.
 * Null where they cannot be compared.
 */
export async function readRate(stripe: Stripe, reported: payments.Reversal): Promise<Effect | null> {
  const { stripe_charge_id: id } = reported
  if (!id) return null
  const moves = reported.withdrawn ? reported : await readMoves(stripe, reported.id)
  const found = await stripe.charges.retrieve(id, { expand: ['balance_transaction'] }, READ)
  const { amount, currency, balance_transaction: brought } = read(chargeSchema, found)
  const { withdrawn, returned, settled_in } = moves
  // Settled in another currency since: an account may change the bank account that it is paid out to.
  if (withdrawn === null || (settled_in && settled_in !== brought.currency)) return null
  const charge = { amount, currency, settled: brought.amount }
  return payments.reverse({ ...reported, withdrawn, returned, settled_in }, { charge })
}

/** An event of an older Worker does not say how the money moved. */
async function readMoves(stripe: Stripe, dispute: string) {
  return movesOf(read(disputeSchema, await stripe.disputes.retrieve(dispute, {}, READ)).balance_transactions)
}

const MOST_REFUNDS = 1_000

/**
 * All refunds of the charge, each with its state: the charge's totals do not say which of them fail later. Where Stripe
 * does not return them, totals that known refunds add up to are taken for theirs, and any other counts as it is.
 */
export async function readRefunds(stripe: Stripe, reported: payments.Reversal): Promise<Effect> {
  return payments.reverse(reported, { refunds: await listRefunds(stripe, reported).catch(() => []) })
}

async function listRefunds(
  stripe: Stripe,
  { stripe_payment_intent_id: payment_intent, stripe_charge_id: charge }: payments.Reversal,
): Promise<payments.ReadRefund[]> {
  const of = payment_intent ? { payment_intent } : { charge: charge ?? '' }
  const listed = await stripe.refunds
    .list({ ...of, limit: 100 }, READ)
    .autoPagingToArray({ limit: MOST_REFUNDS })
  return listed.length === MOST_REFUNDS ? [] : listed.map(readRefund)
}
