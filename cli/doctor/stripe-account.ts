import Stripe from 'stripe'
import { isLiveKey } from '../../src/stripe/key.ts'
import { modeOf } from '../shared/mode.ts'
import { type Check, fail, few, pass, warn } from './check.ts'
import { whereAway } from './context.ts'

const { StripeAuthenticationError, StripeConnectionError, StripeError, StripePermissionError } = Stripe.errors

/** Returns what went wrong, without Stripe's own message, because that may repeat a part of the key. */
export function troubleOf(error: unknown): string {
  if (error instanceof StripeConnectionError) return 'Stripe does not answer'
  if (error instanceof StripeError)
    return `Stripe returns ${[error.statusCode, error.code].filter(Boolean).join(' ')}`
  throw error
}

const key: Check = {
  group: 'stripe',
  name: 'stripe-key',
  isGate: true,
  needs: ['STRIPE_SECRET_KEY'],
  costs: 'nothing can be sold, and nothing can be read from Stripe',
  async run({ stripe, settings }) {
    try {
      const { id } = await stripe().accounts.retrieveCurrent()
      return pass(`the key is valid, of ${id}`)
    } catch (error) {
      if (error instanceof StripePermissionError)
        return pass('the key is valid, and may not read its account')
      if (error instanceof StripeAuthenticationError)
        return fail(
          'Stripe refuses STRIPE_SECRET_KEY',
          'take the key from the Dashboard, Developers, API keys',
        )
      return fail(troubleOf(error), whereAway(settings.STRIPE_API_BASE, 'try again when it can be reached'))
    }
  },
}

const mode: Check = {
  group: 'stripe',
  name: 'stripe-mode',
  needs: ['STRIPE_SECRET_KEY'],
  costs: 'events of the other mode are ignored: real payments are not credited',
  run({ settings, isLocal, url }) {
    const isLive = isLiveKey(settings)
    if (isLocal && isLive)
      return warn(
        'a live key on this machine',
        'use a key of test mode for development',
        'real cards are charged',
      )
    if (!isLocal && !isLive)
      return warn(`a key of test mode for ${url}`, 'set the live key before you sell, with its own endpoint')
    return pass(`${modeOf(isLive)} mode`)
  },
}

interface Read {
  name: string
  /** Whether a delivery may need them. Comparisons and commands read the others. docs/settings.md says the same. */
  isVital: boolean
  read(stripe: Stripe): Promise<unknown>
}

const one = { limit: 1 }
/** Every read that the Worker and the commands make. */
const reads: Read[] = [
  { name: 'customers', isVital: true, read: (stripe) => stripe.customers.list(one) },
  { name: 'checkout sessions', isVital: true, read: (stripe) => stripe.checkout.sessions.list(one) },
  { name: 'subscriptions', isVital: true, read: (stripe) => stripe.subscriptions.list(one) },
  { name: 'invoices', isVital: true, read: (stripe) => stripe.invoices.list(one) },
  { name: 'prices', isVital: true, read: (stripe) => stripe.prices.list(one) },
  { name: 'charges', isVital: true, read: (stripe) => stripe.charges.list(one) },
  { name: 'payment intents', isVital: false, read: (stripe) => stripe.paymentIntents.list(one) },
  { name: 'invoice payments', isVital: false, read: (stripe) => stripe.invoicePayments.list(one) },
  { name: 'refunds', isVital: true, read: (stripe) => stripe.refunds.list(one) },
  { name: 'disputes', isVital: true, read: (stripe) => stripe.disputes.list(one) },
  { name: 'events', isVital: false, read: (stripe) => stripe.events.list(one) },
  { name: 'webhook endpoints', isVital: false, read: (stripe) => stripe.webhookEndpoints.list(one) },
  {
    name: 'customer portal',
    isVital: false,
    read: (stripe) => stripe.billingPortal.configurations.list(one),
  },
]

const permissions: Check = {
  group: 'stripe',
  name: 'stripe-permissions',
  needs: ['STRIPE_SECRET_KEY'],
  costs: 'what needs them is parked or answered with 502, and no comparison with Stripe can see it',
  async run({ stripe }) {
    const refused: Read[] = []
    for (const read of reads) {
      await read.read(stripe()).catch((error: unknown) => {
        if (!(error instanceof StripePermissionError)) throw error
        refused.push(read)
      })
    }
    if (refused.length === 0) return pass('the key may read all that is needed')
    const names = few(
      refused.map(({ name }) => name),
      reads.length,
    )
    const found = refused.some(({ isVital }) => isVital) ? fail : warn
    return found(`the key may not read ${names}`, 'allow it: Dashboard, API keys, the restricted key')
  },
}

const portal: Check = {
  group: 'stripe',
  name: 'stripe-portal',
  needs: ['STRIPE_SECRET_KEY'],
  costs: 'nobody can cancel or change a card: POST /api/billing-portal gets 502',
  async run({ stripe }) {
    const { data } = await stripe().billingPortal.configurations.list({ active: true, is_default: true })
    const [saved] = data
    const where = 'Dashboard, Settings, Billing, Customer portal'
    if (!saved) return fail('the settings of the customer portal were never saved', `save them: ${where}`)
    const { subscription_cancel: cancel } = saved.features
    if (cancel.enabled && cancel.mode === 'immediately' && cancel.proration_behavior !== 'none')
      return warn(
        'the portal lets people cancel at once, with proration',
        `forbid one of the two: ${where}`,
        'the refund stays in their balance and pays for a new period, with its credits',
      )
    return pass('the customer portal is configured')
  },
}

export const accountChecks = [key, mode, permissions, portal]
