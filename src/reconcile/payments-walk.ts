import { call } from '../db.ts'
import { unlessMissing } from '../provider-trouble.ts'
import { kindOf } from '../stripe/objects.ts'
import { member } from '../values.ts'
import { askStripe, type Pass, type Step, type Walk } from './pass.ts'
import { compareOne } from './stripe-walks.ts'
import { watchFound } from './watch.ts'
import type { Difference, DifferenceKind } from './words.ts'

interface Payment {
  stripe_payment_id: string
  stripe_checkout_session_id: string | null
  user_id: string
  /** Credits, and minor units of `currency`. */
  credits: number
  amount: number
  currency: string
}

/** The most payments of one page, and of one whose requests are counted: each payment takes two. */
const MOST = 500
const MOST_COUNTED = 5

/**
 * Goes through what was credited here, and asks Stripe for it. A difference is only reported, and never taken back: a
 * person looks first.
 */
export const paymentsWalk: Walk = {
  name: 'credited here',
  provider: 'stripe',
  async step(pass, { after = null }): Promise<Step> {
    const facts = { since: pass.since, after: after as string[] | null, most: mostOf(pass) }
    const page = await call<{ payments: Payment[]; after: string[] | null }>(pass.db, 'our_payments', [facts])
    const found: Difference[] = []
    for (const payment of page.payments) {
      const { stripe_payment_id: id, stripe_checkout_session_id: session } = payment
      if (pass.seen?.has(id) || (session && pass.seen?.has(session))) continue
      found.push(...(await ask(pass, payment)))
    }
    return { found, looked: page.payments.length, next: page.after ? { after: page.after } : null }
  },
}

const mostOf = ({ page }: Pass) => (page === undefined ? MOST : Math.min(page, MOST_COUNTED))

async function ask(pass: Pass, payment: Payment): Promise<Difference[]> {
  const object = payment.stripe_checkout_session_id ?? payment.stripe_payment_id
  const kind = kindOf(object)
  if (kind === null) return await askIntent(pass, payment)
  const compared = await compareOne(pass, kind, object)
  if (compared) return compared.found
  return await report(pass, payment, 'no_such_payment')
}

/** Compares a payment that neither a session nor an invoice sold. */
async function askIntent(pass: Pass, payment: Payment): Promise<Difference[]> {
  const path = `/v1/payment_intents/${encodeURIComponent(payment.stripe_payment_id)}`
  const body = (await unlessMissing(askStripe(pass, path)))?.body
  if (member(body, 'status') !== 'succeeded') return await report(pass, payment, 'no_such_payment')
  const isSame =
    member(body, 'amount_received') === payment.amount && member(body, 'currency') === payment.currency
  return isSame ? [] : await report(pass, payment, 'amount_differs')
}

/** What the comparison of a PaymentIntent says of the same difference: it has to be one, for whoever settles it. */
const AS_COMPARED = { credits: 0, reason: 'payment_already_credited' }

const report = (pass: Pass, { stripe_payment_id: object, ...payment }: Payment, kind: DifferenceKind) => {
  const { user_id, amount, currency } = payment
  const found = {
    provider: 'stripe' as const,
    object,
    kind,
    user_id,
    ...(kind === 'amount_differs' ? AS_COMPARED : { credits: -payment.credits, reason: null }),
  }
  return watchFound(pass, [{ ...found, amount, currency }])
}
