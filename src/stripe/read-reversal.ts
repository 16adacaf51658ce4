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
    /** Expanded. Null until the charge is settled. */
    balance_transaction: z.object({ amount: positive(), currency: z.string() }),
  }),
)
const disputeSchema = once(() =>
  z.object({ balance_transactions: z.array(z.object({ amount: z.int(), currency: z.nullish(z.string()) })) }),
)

/**
 * Reads what the charge of a dispute in another currency brought, so that the dispute's share of it is known: both are
 * in the settlement currency. Null if they cannot be compared.
 */
export async function readRate(stripe: Stripe, reported: payments.Reversal): Promise<Effect | null> {
  const { stripe_charge_id: id } = reported
  if (!id) return null
  const moves = reported.withdrawn ? reported : await readMoves(stripe, reported.id)
  const found = await stripe.charges.retrieve(id, { expand: ['balance_transaction'] }, READ)
  const { amount, currency, balance_transaction: brought } = read(chargeSchema, found)
  const { withdrawn, returned, settled_in } = moves
  // The settlement currency has changed since: an account may change the bank account that it is paid out to.
  if (withdrawn === null || (settled_in && settled_in !== brought.currency)) return null
  const charge = { amount, currency, settled: brought.amount }
  return payments.reverse({ ...reported, withdrawn, returned, settled_in }, { charge })
}

/** Reads how the money moved: what an older Worker stored does not say it. */
async function readMoves(stripe: Stripe, dispute: string) {
  return movesOf(read(disputeSchema, await stripe.disputes.retrieve(dispute, {}, READ)).balance_transactions)
}

const MOST_REFUNDS = 1_000

/**
 * Reads all refunds of the charge, each with its state, because the charge's totals do not say which of them fail
 * later. If Stripe does not return them, a total that is the sum of known refunds counts as these refunds, and any
 * other total counts as it is.
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
