import { checkoutEvent, clerkEvent, randomId } from '../events.ts'
import type { Facts } from './compare.ts'

export interface Delivery {
  provider: 'clerk' | 'stripe'
  event: { type: string }
  /** Signed with a secret that is not the Worker's. */
  forged?: boolean
  /** How long ago it was signed. */
  ageMs?: number
}

export interface Step {
  /** What happens, in words for somebody who sees this for the first time. */
  says: string
  /** All are sent at the same moment. */
  deliveries: Delivery[]
  /** The user whose wallet is read afterwards. */
  user: string
  promised: Facts
}

const MINUTE_MS = 60_000
const DUPLICATE = '200 duplicate / already_processed'

/** Returns the story with new ids each time. Each chapter starts with the balances at the end of the one before. */
export function tellStory(): Step[] {
  return [...topUp(), ...bankDebit(), ...intruders(), ...wrongOrder(), ...deletion(), ...strangers()]
}

function topUp(): Step[] {
  const step = stepsOf('user_ada')
  const signup = clerk('user.created', { user: 'user_ada', ...named('Ada', 'Lovelace') })
  const payment = randomId('pi')
  const bought = stripe('checkout.session.completed', { user: 'user_ada', payment, credits: 500 })
  const retold = stripe('checkout.session.completed', { user: 'user_ada', payment, credits: 500 })
  const next = stripe('checkout.session.completed', { user: 'user_ada', credits: 250 })
  const anyOrder = ['200 applied', DUPLICATE, DUPLICATE, DUPLICATE, DUPLICATE]
  return [
    step('Ada signs up: 40 credits to begin with', [signup], ['200 applied'], 40),
    step('Ada buys 500 credits', [bought], ['200 applied'], 540),
    step('Stripe repeats itself, three times at once', repeat(3, bought), repeat(3, DUPLICATE), 540),
    step(
      'another event reports the same payment',
      [retold],
      ['200 duplicate / payment_already_credited'],
      540,
    ),
    step('a new top-up of 250, five copies at once', repeat(5, next), anyOrder, 790),
  ]
}

function bankDebit(): Step[] {
  const step = stepsOf('user_ada')
  const debit = { user: 'user_ada', payment: randomId('pi'), credits: 500 }
  const unpaid = stripe('checkout.session.completed', { ...debit, session: { payment_status: 'unpaid' } })
  const paid = stripe('checkout.session.async_payment_succeeded', debit)
  return [
    step('Ada pays by bank debit: no money yet', [unpaid], ['200 ignored / payment_pending'], 790),
    step('days later the bank has paid', [paid], ['200 applied'], 1290),
  ]
}

function intruders(): Step[] {
  const step = stepsOf('user_ada')
  const wish = stripe('checkout.session.completed', { user: 'user_ada', credits: 1_000_000 })
  const forged = { ...wish, forged: true }
  const replayed = { ...wish, ageMs: 10 * MINUTE_MS }
  const refused = ['400 invalid_signature']
  return [
    step('somebody forges a payment', [forged], refused, 1290, { requests: 0 }),
    step('somebody replays one signed 10 minutes ago', [replayed], refused, 1290, { requests: 0 }),
  ]
}

function wrongOrder(): Step[] {
  const grace = stepsOf('user_grace')
  const before = { user: 'user_grace', at: Date.now() - MINUTE_MS, ...named('Grace', 'Murray') }
  const signup = clerk('user.created', before)
  const renamed = clerk('user.updated', { user: 'user_grace', ...named('Grace', 'Hopper') })
  const name = 'Grace Hopper'

  const alan = stepsOf('user_alan')
  const payment = stripe('checkout.session.completed', { user: 'user_alan', credits: 500 })
  const arrival = clerk('user.created', { user: 'user_alan', ...named('Alan', 'Turing') })
  return [
    grace("Grace's new name comes before her signup", [renamed], ['200 applied'], 40, { name }),
    grace('then the signup: the newer name stays', [signup], ['200 stale / older_than_stored'], 40, { name }),
    alan('Alan has paid 500, and is not known yet', [payment], ['200 parked / unknown_user'], null),
    alan('Alan signs up: bonus and payment are there', [arrival], ['200 applied'], 540),
  ]
}

function deletion(): Step[] {
  const step = stepsOf('user_grace')
  const deleted = clerk('user.deleted', { user: 'user_grace' })
  const late = clerk('user.updated', { user: 'user_grace', ...named('Grace', 'Back') })
  const payment = stripe('checkout.session.completed', { user: 'user_grace', credits: 500 })
  return [
    step('Grace deletes her account', [deleted], ['200 applied'], 40),
    step('a late change does not bring her back', [late], ['200 stale / user_deleted'], 40),
    step('a payment for her is kept for a person', [payment], ['200 rejected / user_deactivated'], 40),
  ]
}

function strangers(): Step[] {
  const step = stepsOf('user_ada')
  const { provider, event } = stripe('checkout.session.completed', { user: 'user_ada' })
  const unknown = { provider, event: { ...event, type: 'product.created' } }
  const ignored = ['200 ignored / unhandled_type']
  return [step('an event that nobody asked for', [unknown], ignored, 1290, { requests: 0 })]
}

/**
 * Returns a maker of steps about one user. A delivery that is verified and handled costs one request to the database.
 */
export function stepsOf(user: string) {
  return (
    says: string,
    deliveries: Delivery[],
    answers: string[],
    balance: number | null,
    more: Partial<Facts> = {},
  ): Step => ({
    says,
    deliveries,
    user,
    promised: { answers, balance, requests: deliveries.length, ...more },
  })
}

export function clerk(...event: Parameters<typeof clerkEvent>): Delivery {
  return { provider: 'clerk', event: clerkEvent(...event) }
}

export function stripe(...event: Parameters<typeof checkoutEvent>): Delivery {
  return { provider: 'stripe', event: checkoutEvent(...event) }
}

export const named = (first_name: string, last_name: string) => ({ data: { first_name, last_name } })

const repeat = <Item>(times: number, item: Item): Item[] => Array.from({ length: times }, () => item)
