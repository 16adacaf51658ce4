import * as z from 'zod/mini'
import { once } from '../once.ts'
import type { ReadRefund, ReversalState } from '../payments/verbs.ts'
import * as payments from '../payments/verbs.ts'
import { id, member } from '../values.ts'
import { type Handler, read } from '../webhook/provider.ts'
import { namedUser, reference } from './payload.ts'

const money = () => ({
  id: id(),
  payment_intent: z.nullish(reference()),
  currency: z.string().check(z.regex(/^[a-z]{3}$/)),
})
const amount = () => z.int().check(z.minimum(0), z.maximum(Number.MAX_SAFE_INTEGER))

const refundEvent = once(() =>
  z.object({
    type: z.string(),
    data: z.object({
      object: z.object({
        ...money(),
        amount: amount(),
        charge: z.nullish(reference()),
        status: z.nullish(z.enum(STATUSES)),
      }),
    }),
  }),
)
const chargeEvent = once(() =>
  z.object({
    data: z.object({
      object: z.object({
        ...money(),
        amount: z.nullish(amount()),
        amount_captured: z.nullish(amount()),
        amount_refunded: amount(),
      }),
    }),
  }),
)
const disputeEvent = once(() =>
  z.object({
    type: z.string(),
    data: z.object({
      object: z.object({
        ...money(),
        amount: amount(),
        charge: z.nullish(reference()),
        status: z.string(),
        /** Negative: withdrawn. Positive: reinstated. In the settlement currency, without fees. */
        balance_transactions: z.nullish(z.array(move())),
      }),
    }),
  }),
)
const move = () => z.object({ amount: z.int(), currency: z.nullish(z.string()) })
type Move = z.output<ReturnType<typeof move>>

const refund = once(() => z.object({ id: id(), amount: amount(), status: z.nullish(z.enum(STATUSES)) }))
const STATUSES = ['pending', 'requires_action', 'succeeded', 'canceled', 'failed'] as const

/** Returns a refund that Stripe's API listed. @throws Unreadable */
export function readRefund(listed: unknown): ReadRefund {
  const { id, amount, status } = read(refund, listed)
  return { id, amount, state: status ?? 'pending' }
}

/**
 * Handles one refund: any of its events may come first. An update that only brings the bank's reference moves nothing.
 */
export const reverseRefund: Handler = (event) => {
  const { type, data } = read(refundEvent, event)
  const { charge, amount, status, ...refund } = data.object
  const state = type === 'refund.failed' ? 'failed' : (status ?? 'pending')
  return payments.reverse({
    kind: 'refund',
    ...refs(refund, charge),
    amount,
    state,
    ...NO_DISPUTE,
    ...subjectOf(event),
  })
}

/**
 * Handles the total of a charge's refunds so far, which never says which of them fail later. Stripe counts the part of
 * an authorization that was not captured as refunded: nobody has paid it.
 */
export const reverseCharge: Handler = (event) => {
  const {
    amount: authorized,
    amount_captured,
    amount_refunded,
    ...charge
  } = read(chargeEvent, event).data.object
  const uncaptured = amount_captured == null ? 0 : Math.max(0, (authorized ?? 0) - amount_captured)
  const amount = Math.max(0, amount_refunded - uncaptured)
  return payments.reverse({
    kind: 'charge',
    ...refs(charge, charge.id),
    amount,
    state: 'refunded',
    ...NO_DISPUTE,
    ...subjectOf(event),
  })
}

export const reverseDispute: Handler = (event) => {
  const { type, data } = read(disputeEvent, event)
  const { charge, amount, status, balance_transactions, ...dispute } = data.object
  const moves = balance_transactions ?? []
  const state = stateOf(type, status, moves.length)
  const held = state === 'won' ? 0 : (heldOf(amount, moves) ?? (TAKING.has(state) ? amount : 0))
  const money = { amount, state, held, transactions: moves.length, ...movesOf(moves) }
  return payments.reverse({ kind: 'dispute', ...refs(dispute, charge), ...money, ...subjectOf(event) })
}

/** States in which a dispute holds all of the money if the event does not say how it moved. */
const TAKING = new Set<ReversalState | null>(['withdrawn', 'lost'])

/**
 * Returns the state of a dispute. Null while no money has moved: an inquiry (`warning_…`) takes none, and a dispute
 * that is only open reports a withdrawal in an event of its own.
 */
function stateOf(type: string, status: string, moves: number): ReversalState | null {
  if (status.startsWith('warning_')) return null
  if (status === 'won' || status === 'lost') {
    return status === 'lost' && moves === 0 && type === 'charge.dispute.funds_reinstated'
      ? 'reinstated'
      : status
  }
  if (type === 'charge.dispute.funds_reinstated') return 'reinstated'
  return moves > 0 || type === 'charge.dispute.funds_withdrawn' ? 'withdrawn' : null
}

/**
 * Returns what a dispute holds of its amount, in minor units: the share of the largest withdrawal that was not
 * reinstated. It is a ratio because the moves are in the settlement currency. A charge that was partly refunded is
 * disputed in full, and that part is reinstated even if the dispute is lost (Stripe: "dispute for full charge amount
 * after a partial refund"). Null if no money was withdrawn.
 */
function heldOf(amount: number, moves: Move[]): number | null {
  const { withdrawn, returned } = movesOf(moves)
  if (withdrawn === null) return null
  return Math.round(Math.min(1, Math.max(0, (withdrawn - returned) / withdrawn)) * amount)
}

const NO_MOVES = { withdrawn: null, returned: null, settled_in: null }

/**
 * Returns how a dispute's money has moved, in minor units of the settlement currency: the largest withdrawal, and what
 * of it came back.
 */
export function movesOf(moves: Move[]) {
  const withdrawn = -Math.min(0, ...moves.map((move) => move.amount))
  if (withdrawn === 0) return NO_MOVES
  const left = -moves.reduce((sum, move) => sum + move.amount, 0)
  return { withdrawn, returned: withdrawn - left, settled_in: moves[0]?.currency ?? null }
}

function refs(
  {
    id,
    payment_intent,
    currency,
  }: { id: string; payment_intent?: string | null | undefined; currency: string },
  charge: string | null | undefined,
) {
  return { id, stripe_payment_intent_id: payment_intent ?? null, stripe_charge_id: charge ?? null, currency }
}

/** What only disputes have. */
const NO_DISPUTE = { held: null, transactions: 0, ...NO_MOVES }

function subjectOf(event: unknown) {
  const customer = member(member(member(event, 'data'), 'object'), 'customer')
  return { user_id: namedUser(event), stripe_customer_id: reference().safeParse(customer).data ?? null }
}
