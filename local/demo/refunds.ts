import { randomId } from '../ids.ts'
import { type ReversalOptions, type ReversalType, reversalEvent } from '../reversal-events.ts'
import { clerk, type Delivery, named, type Step, stepsOf, stripe } from './story.ts'

const NO_EFFECT = '200 ignored / no_effect'
const APPLIED = '200 applied'
/**
 * The charge has reported more than is still refunded after the failure. So the event is parked, and the Worker asks
 * Stripe for all refunds.
 */
const ASKED = { requests: 2 }

/**
 * Returns a story about money that is refunded or disputed, and comes back: of 1000 credits that cost 10.00, and 500
 * that cost 5.00.
 */
export function tellRefunds(): Step[] {
  const first = payment()
  return [...refunds(first), ...disputes(payment()), ...theRest(first)]
}

function payment() {
  const id = randomId('pi')
  return {
    id,
    told: (type: ReversalType, amount: number, more: Partial<ReversalOptions> = {}): Delivery => ({
      provider: 'stripe',
      event: reversalEvent(type, { payment: id, amount, ...more }),
    }),
    bought: (credits: number, amount: number) =>
      stripe('checkout.session.completed', {
        user: 'user_ada',
        payment: id,
        credits,
        session: { amount_total: amount },
      }),
  }
}
type Payment = ReturnType<typeof payment>

function refunds({ told, bought }: Payment): Step[] {
  const step = stepsOf('user_ada')
  const signup = clerk('user.created', { user: 'user_ada', ...named('Ada', 'Lovelace') })
  const [one, two] = [{ id: randomId('re') }, { id: randomId('re') }]
  const both = [told('refund.created', 250, two), told('charge.refunded', 500)]
  return [
    step('Ada signs up', [signup], [APPLIED], 40),
    step(
      'a quarter comes back, before the purchase',
      [told('refund.created', 250, one)],
      ['200 parked / unknown_payment'],
      40,
    ),
    step('the purchase: 1000 credits, less a quarter', [bought(1000, 1000)], [APPLIED], 790),
    step('another quarter, told in two ways at once', both, [APPLIED, NO_EFFECT], 540),
    step('the bank’s reference for it moves nothing', [told('refund.updated', 250, two)], [NO_EFFECT], 540),
    step('it fails: its credits are back', [told('refund.failed', 250, two)], [APPLIED], 790, ASKED),
    step('an older event of it does not matter', [told('refund.created', 250, two)], [NO_EFFECT], 790, ASKED),
  ]
}

function disputes({ told, bought }: Payment): Step[] {
  const step = stepsOf('user_ada')
  const inquiry = told('charge.dispute.created', 500, { status: 'warning_needs_response' })
  const won = told('charge.dispute.closed', 500, { status: 'won' })
  return [
    step('Ada buys 500 more', [bought(500, 500)], [APPLIED], 1290),
    step('her bank inquires', [inquiry], [NO_EFFECT], 1290),
    step(
      'it disputes, for more than she paid',
      [told('charge.dispute.funds_withdrawn', 600)],
      [APPLIED],
      790,
    ),
    step('the dispute is lost', [told('charge.dispute.closed', 500)], [NO_EFFECT], 790),
    step('late, it is won after all', [won], [APPLIED], 1290),
    step(
      'the money is back: counted once',
      [told('charge.dispute.funds_reinstated', 500)],
      [NO_EFFECT],
      1290,
    ),
  ]
}

function theRest({ told }: Payment): Step[] {
  const step = stepsOf('user_ada')
  const rest = told('refund.created', 750, { id: randomId('re') })
  const strange = payment().told('refund.created', 900)
  return [
    step('the rest of the first payment is refunded', [rest], [APPLIED], 540),
    step('another product’s refund waits, seven days', [strange], ['200 parked / unknown_payment'], 540),
  ]
}
