import { idOf, member } from '../values.ts'
import { type Handler, type Provider, Unreadable } from '../webhook/provider.ts'
import { ifOurs, isOfOtherApp } from './app-tag.ts'
import { isLiveKey } from './key.ts'
import { linkInvoicePayment } from './link-invoice-payment.ts'
import { idsOf, namedUser } from './payload.ts'
import { recordForCustomer } from './record-for-customer.ts'
import { resolve } from './resolve.ts'
import { reverseCharge, reverseDispute, reverseRefund } from './reverse-payment.ts'
import { settleCheckout } from './settle-checkout.ts'
import { settleInvoice } from './settle-invoice.ts'
import { settlePaymentIntent } from './settle-payment-intent.ts'
import { syncSubscription } from './sync-subscription.ts'
import { createdAt, isThin, readWhole, snapshotId, snapshotType } from './thin.ts'
import { unlinkCustomer } from './unlink-customer.ts'
import { verify } from './verify.ts'

/** Keeps a row, for anyone who asks what happened; no credits move. */
const recordOnly: Handler = () => ({ outcome: 'ignored', reason: 'no_effect' })

/** Add events here: Stripe's event type, our handler. */
const events = {
  // A card pays at once, a bank debit days later. Both events come here, in any order (Stripe: Checkout fulfilment).
  'checkout.session.completed': settleCheckout,
  'checkout.session.async_payment_succeeded': settleCheckout,
  // No money moved.
  'checkout.session.async_payment_failed': recordOnly,
  'checkout.session.expired': recordOnly,
  // A payment without Checkout, if its metadata says what it sells.
  'payment_intent.succeeded': settlePaymentIntent,
  // One verb: any of them may come first, and none overwrites what is newer.
  'customer.subscription.created': syncSubscription,
  'customer.subscription.updated': syncSubscription,
  'customer.subscription.paused': syncSubscription,
  'customer.subscription.resumed': syncSubscription,
  'customer.subscription.deleted': syncSubscription,
  // Stripe sends `invoice.payment_succeeded` as well for most of them: one of the two is enough.
  'invoice.paid': settleInvoice,
  'invoice_payment.paid': linkInvoicePayment,
  // The subscription's state comes in an event of its own.
  'invoice.payment_failed': recordForCustomer,
  'customer.deleted': unlinkCustomer,
  // Money that comes back, and goes away again. `charge.refund.updated` repeats `refund.updated` (Stripe: deprecated).
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

/** The event by which Stripe tests whether a new destination responds. */
const PING = 'v2.core.event_destination.ping'

export const stripe: Provider = {
  name: 'stripe',
  events,
  ping: PING,
  verify,
  resolve,
  readWhole,
  envelope(event) {
    const type = idOf(member(event, 'type'))
    const livemode = member(event, 'livemode')
    return {
      // A thin event gets the id of its snapshot event, so that it does not matter which of them comes.
      eventId: (isThin(event) && snapshotId(event)) || usableEventId(member(event, 'id')),
      type: isThin(event) ? snapshotType(type) : type,
      occurredAt: createdAt(event),
      livemode: typeof livemode === 'boolean' ? livemode : null,
      userId: namedUser(event),
      about: idsOf(event),
    }
  },
  condition: ifOurs,
  screen(event, settings) {
    const livemode = member(event, 'livemode')
    if (member(event, 'account') || member(event, 'context'))
      return { outcome: 'ignored', reason: 'connected_account' }
    if (typeof livemode !== 'boolean') throw new Unreadable('livemode')
    if (livemode !== isLiveKey(settings)) return { outcome: 'ignored', reason: 'mode_mismatch' }
    return isOfOtherApp(event, settings) ? { outcome: 'ignored', reason: 'other_app' } : null
  },
}

/**
 * Returns the event's id if it can serve as a key. The Dashboard's old test events all have `evt_00000000000000`, so
 * that all but the first would count as duplicates.
 */
function usableEventId(value: unknown): string | null {
  const eventId = idOf(value)
  return eventId && !/^evt_0+$/.test(eventId) ? eventId : null
}
