import { billingFixtures } from './billing-events.ts'
import userCreated from './fixtures/clerk/user.created.json' with { type: 'json' }
import userDeleted from './fixtures/clerk/user.deleted.json' with { type: 'json' }
import userUpdated from './fixtures/clerk/user.updated.json' with { type: 'json' }
import asyncFailed from './fixtures/stripe/checkout.session.async_payment_failed.json' with { type: 'json' }
import asyncSucceeded from './fixtures/stripe/checkout.session.async_payment_succeeded.json' with {
  type: 'json',
}
import completed from './fixtures/stripe/checkout.session.completed.json' with { type: 'json' }
import expired from './fixtures/stripe/checkout.session.expired.json' with { type: 'json' }
import { randomId } from './ids.ts'
import { paymentFixtures } from './payment-events.ts'
import { type ReversalType, reversalFixtures } from './reversal-events.ts'
import { type StampOptions, stamped } from './stamped.ts'

export { randomId }

/** One realistic event of every type that the Worker handles, keyed as in the providers' tables. */
export const fixtures = {
  clerk: { 'user.created': userCreated, 'user.updated': userUpdated, 'user.deleted': userDeleted },
  stripe: {
    'checkout.session.completed': completed,
    'checkout.session.async_payment_succeeded': asyncSucceeded,
    'checkout.session.async_payment_failed': asyncFailed,
    'checkout.session.expired': expired,
    ...paymentFixtures,
    ...billingFixtures,
    ...reversalFixtures,
  },
}

export type ClerkType = keyof typeof fixtures.clerk
export type StripeType = Exclude<
  keyof typeof fixtures.stripe,
  keyof typeof billingFixtures | keyof typeof paymentFixtures | ReversalType
>

export interface ClerkOptions {
  user: string
  email?: string | null
  /** Whether the address is verified at Clerk. */
  verified?: boolean
  /** Clerk's `updated_at`, milliseconds. */
  at?: number
  /** Members of `data` to set or replace. */
  data?: Record<string, unknown>
}

/** Returns the fixture of that type, about this user. With `email: null` the user has a phone only. */
export function clerkEvent(
  type: ClerkType,
  { user, email, verified = true, at = Date.now(), data }: ClerkOptions,
) {
  const event = structuredClone<{ timestamp: number; data: Record<string, unknown> }>(fixtures.clerk[type])
  event.timestamp = at
  event.data.id = user
  if (type !== 'user.deleted')
    Object.assign(event.data, { created_at: at, updated_at: at, ...emailMembers(user, email, verified) })
  Object.assign(event.data, data)
  return { ...event, type }
}

function emailMembers(user: string, email: string | null | undefined, verified: boolean) {
  if (email === null) return { email_addresses: [], primary_email_address_id: null }
  const [template] = fixtures.clerk['user.created'].data.email_addresses
  const id = `idn_${user}`
  const verification = { ...template?.verification, status: verified ? 'verified' : 'unverified' }
  return {
    primary_email_address_id: id,
    email_addresses: [{ ...template, id, email_address: email ?? `${user}@example.com`, verification }],
  }
}

export interface CheckoutOptions extends StampOptions {
  user: string
  credits?: number
  payment?: string
  /** Members of the Checkout Session to set or replace. */
  session?: Record<string, unknown> | undefined
}

/** Returns the fixture of that type, about a payment of this user. One payment is one Checkout Session. */
export function checkoutEvent(type: StripeType, options: CheckoutOptions) {
  const { user, credits = 500, payment = randomId('pi'), livemode = false } = options
  const event = structuredClone<{ data: { object: Record<string, unknown> } }>(fixtures.stripe[type])
  Object.assign(event.data.object, {
    id: `cs_test_${payment}`,
    client_reference_id: user,
    metadata: { user_id: user, credits: String(credits) },
    ...(type !== 'checkout.session.expired' && { payment_intent: payment }),
    livemode,
    ...options.session,
  })
  return stamped(event, type, options)
}
