import { id, instant, member } from '../values.ts'
import { type Handler, type Provider, Unreadable } from '../webhook/provider.ts'
import { grantPlan, recordForCustomer } from './grant-plan.ts'
import { linkInvoicePayment } from './link-invoice-payment.ts'
import { idsOf, namedUser } from './payload.ts'
import { resolve } from './resolve.ts'
import { reverseCharge, reverseDispute, reverseRefund } from './reverse-payment.ts'
import { settleCheckout } from './settle-checkout.ts'
import { syncSubscription } from './sync-subscription.ts'
import { unlinkCustomer } from './unlink-customer.ts'
import { verify } from './verify.ts'

/** Kept as a row, for whoever asks what happened; nothing moves. */
const recordOnly: Handler = () => ({ outcome: 'ignored', reason: 'no_effect' })

/** Add events here: Stripe's word, our verb. */
const events = {
  // A card pays at once, a bank debit days later: both come here, in any order (Stripe: Checkout fulfilment).
  'checkout.session.completed': settleCheckout,
  'checkout.session.async_payment_succeeded': settleCheckout,
  // No money moved.
  'checkout.session.async_payment_failed': recordOnly,
  'checkout.session.expired': recordOnly,
  // One verb: any of them may come first, and none overwrites what is newer.
  'customer.subscription.created': syncSubscription,
  'customer.subscription.updated': syncSubscription,
  'customer.subscription.paused': syncSubscription,
  'customer.subscription.resumed': syncSubscription,
  'customer.subscription.deleted': syncSubscription,
  // Stripe sends `invoice.payment_succeeded` as well for most of them: one of the two is enough.
  'invoice.paid': grantPlan,
  'invoice_payment.paid': linkInvoicePayment,
  // The subscription's state comes by its own event.
  'invoice.payment_failed': recordForCustomer,
  'customer.deleted': unlinkCustomer,
  // Money that comes back, and goes away again. `charge.refund.updated` says what `refund.updated` says (Stripe: deprecated).
  'refund.created': reverseRefund,
  'refund.updated': reverseRefund,
  'refund.failed': reverseRefund,
  'charge.refunded': reverseCharge,
  'charge.dispute.created': reverseDispute,
  'charge.dispute.updated': reverseDispute,
  'charge.dispute.closed': reverseDispute,
  'charge.dispute.funds_withdrawn': reverseDispute,
  'charge.dispute.funds_reinstated': reverseDispute,
}

/** Stripe asks whether a new destination is there. */
const PING = 'v2.core.event_destination.ping'

export const stripe: Provider = {
  name: 'stripe',
  events,
  ping: PING,
  verify,
  resolve,
  envelope(event) {
    const type = id.safeParse(member(event, 'type')).data ?? null
    const created = member(event, 'created')
    return {
      eventId: usableEventId(member(event, 'id')),
      // A thin event is a notification without the object: its type is not the one that our table knows.
      type: member(event, 'object') === 'v2.core.event' && type !== PING ? null : type,
      occurredAt: typeof created === 'number' ? instant(created * 1000) : null,
      userId: namedUser(event),
      about: idsOf(event),
    }
  },
  screen(event, { STRIPE_SECRET_KEY }) {
    const livemode = member(event, 'livemode')
    if (member(event, 'account')) return { outcome: 'ignored', reason: 'connected_account' }
    if (typeof livemode !== 'boolean') throw new Unreadable('livemode')
    if (livemode === /^[sr]k_live_/.test(STRIPE_SECRET_KEY)) return null
    return { outcome: 'ignored', reason: 'mode_mismatch' }
  },
}

/** The Dashboard's old test events all carry `evt_00000000000000`: as a key it would swallow all but the first. */
function usableEventId(value: unknown): string | null {
  const eventId = id.safeParse(value).data ?? null
  return eventId && !/^evt_0+$/.test(eventId) ? eventId : null
}
