import * as z from 'zod'
import type { Account } from './account.ts'
import { amount, currency, readBody } from './body.ts'
import { found } from './errors.ts'
import { create } from './objects.ts'
import { expand } from './params.ts'
import type { BalanceTransaction, Charge, Metadata, StripeObject } from './state.ts'

interface Sale {
  amount: number
  currency: string
  customer: string | null
  metadata: Metadata
}

/** Creates a payment intent that has succeeded, and its charge, which is settled in the charge's currency. */
export function chargeFor(account: Account, { amount, currency, customer, metadata }: Sale): StripeObject {
  const created = account.now()
  const charge = create<Charge>('charge', {
    amount,
    amount_captured: amount,
    currency,
    customer,
    metadata,
    created,
    balance_transaction: moved(account, amount, currency, 'charge').id,
  })
  const intent = create<StripeObject>('payment_intent', {
    amount,
    amount_received: amount,
    currency,
    customer,
    metadata,
    created,
    status: 'succeeded',
    latest_charge: charge.id,
  })
  charge.payment_intent = intent.id
  account.state.charges.set(charge.id, charge)
  account.state.paymentIntents.set(intent.id, intent)
  return intent
}

/** Creates a balance transaction: what a charge brought or a dispute took, in the settlement currency. */
export function moved(account: Account, amount: number, currency: string, type: string): BalanceTransaction {
  const made = create<BalanceTransaction>('balance_transaction', {
    amount,
    currency,
    type,
    net: amount,
    created: account.now(),
    reporting_category: type,
  })
  account.state.balanceTransactions.set(made.id, made)
  return made
}

/** Returns what a charge brought, in the settlement currency. */
export const broughtBy = ({ state }: Account, { balance_transaction: id }: Charge): BalanceTransaction =>
  found(state.balanceTransactions, 'balance transaction', id)

export const chargeParams = z.strictObject({ expand })

export function retrieveCharge(
  account: Account,
  id: string,
  { expand = [] }: z.output<typeof chargeParams>,
): object {
  const charge = found(account.state.charges, 'charge', id)
  if (!expand.includes('balance_transaction')) return charge
  return { ...charge, balance_transaction: broughtBy(account, charge) }
}

const settlement = z.strictObject({ amount, currency })

/** Settles a charge in another currency, with this amount there. */
export function settle(account: Account, id: string, body: unknown): Charge {
  const charge = found(account.state.charges, 'charge', id)
  Object.assign(broughtBy(account, charge), readBody(settlement, body))
  return charge
}
