import { randomId } from '../ids.ts'
import type { Account } from './account.ts'
import { create } from './objects.ts'
import type { Metadata, StripeObject } from './state.ts'

interface Charge {
  amount: number
  currency: string
  customer: string | null
  metadata: Metadata
}

/** Creates a payment intent that has succeeded. */
export function chargeFor(account: Account, { amount, currency, customer, metadata }: Charge): StripeObject {
  const intent = create<StripeObject>('payment_intent', {
    ...{ amount, amount_received: amount, currency, customer, metadata, created: account.now() },
    ...{ status: 'succeeded', latest_charge: randomId('ch') },
  })
  account.state.paymentIntents.set(intent.id, intent)
  return intent
}
