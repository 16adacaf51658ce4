import { type InvoiceOptions, invoiceLine } from '../billing-events.ts'
import { type ClerkType, checkoutEvent, clerkEvent, fixtures, randomId, type StripeType } from '../events.ts'
import { reversalFixtures, reversalId } from '../reversal-events.ts'
import { stamped } from '../stamped.ts'
import type { SendFlags } from './flags.ts'
import { withOwnNames } from './own-names.ts'

type Members = Record<string, unknown>

/** Returns the event that the flags describe: the fixture of its type, with the given values in their places. */
export function buildEvent(flags: SendFlags): object {
  if (flags.provider === 'clerk') return clerk(flags)
  return flags.type.startsWith('checkout.session.') ? checkout(flags) : otherStripe(flags)
}

function clerk(flags: SendFlags): object {
  const [first_name, ...last] = flags.name?.split(' ') ?? []
  const email = flags['no-email'] ? null : flags.email
  return clerkEvent(flags.type as ClerkType, {
    user: flags.user,
    ...(email !== undefined && { email }),
    verified: !flags.unverified,
    ...given({ at: flags.at }),
    data: { ...(first_name !== undefined && { first_name, last_name: last.join(' ') }), ...flags.set },
  })
}

const DAY_S = 24 * 60 * 60

function checkout(flags: SendFlags): object {
  const { type, user, at = Date.now(), payment, event, credits, live: livemode } = flags
  const created = type === 'checkout.session.expired' ? seconds(at) - DAY_S : seconds(at)
  return checkoutEvent(type as StripeType, {
    user,
    livemode,
    at,
    ...given({ payment, event }),
    session: {
      created,
      expires_at: created + DAY_S,
      ...given({
        id: flags.session,
        customer: flags.customer,
        // Some of the fixtures are in euros. A refund in another currency than its payment is rejected.
        currency: flags.currency ?? 'usd',
        amount_total: flags.amount,
      }),
      ...given({ payment_status: flags.unpaid ? 'unpaid' : flags.status }),
      ...(credits !== undefined && { metadata: { user_id: user, credits } }),
      ...(flags.reference !== undefined && ofLink(flags.reference, credits)),
      ...flags.set,
    },
  })
}

/**
 * Returns the members of a session that a Payment Link made: the link's metadata, and the user that the browser names.
 */
const ofLink = (reference: string, credits: string | undefined) => ({
  client_reference_id: reference,
  payment_link: 'plink_local',
  metadata: { ...given({ credits }) },
})

/** Returns an event of any other type. A flag replaces its member if the object has that member. */
function otherStripe(flags: SendFlags): object {
  const { type, user, at = Date.now(), event: id, live: livemode } = flags
  const fixture: { data: { object: Members } } = fixtures.stripe[type as StripeType]
  const event = withOwnNames(fixture, user)
  const { object } = event.data
  const meant = given({
    ...(type === 'customer.deleted' && { id: flags.customer }),
    customer: flags.customer,
    payment_intent: flags.payment,
    amount: flags.amount,
    currency: flags.currency,
    status: flags.status,
    livemode,
    metadata: { ...(object.metadata as Members | undefined), user_id: user },
  })
  for (const [name, value] of Object.entries(meant)) if (name in object) object[name] = value
  if (flags.payment !== undefined && type in reversalFixtures) nameReversal(object, flags)
  if (type === 'payment_intent.succeeded') nameIntent(object, flags, at)
  if (type === 'invoice.paid' && flags.credits !== undefined) sellOnce(object, flags, at)
  if (type === 'invoice.paid' && flags.change) changePlan(object, user)
  Object.assign(object, flags.set)
  return stamped(event, type, { livemode, at, ...given({ event: id }) })
}

/** Makes a payment that sells credits itself, a new one unless it is named. */
function nameIntent(
  object: Members,
  { user, credits = '500', payment = randomId('pi'), amount }: SendFlags,
  at: number,
): void {
  const money = given({ amount, amount_received: amount })
  Object.assign(
    object,
    { id: payment, created: seconds(at), latest_charge: `ch_${payment}` },
    { metadata: { user_id: user, credits } },
    money,
  )
}

/** Makes an invoice without a subscription, whose own metadata says what it sells. */
function sellOnce(object: Members, { user, credits, amount }: SendFlags, at: number): void {
  const money = given({ total: amount, subtotal: amount, amount_due: amount, amount_paid: amount })
  const sale = { id: randomId('in'), created: seconds(at), billing_reason: 'manual', parent: null }
  const parent = { type: 'invoice_item_details', invoice_item_details: null, subscription_item_details: null }
  const description = `${credits} credits`
  const line = { ...invoiceLine({ line: { id: randomId('il'), ...given({ amount }) } }), parent, description }
  const lines = { ...(object.lines as Members), data: [{ ...line, pricing: null }] }
  Object.assign(object, { ...sale, lines, metadata: { user_id: user, credits } }, money)
}

/**
 * Changes monthly to yearly with a new billing date (Stripe, as recorded): credit for the month, and the whole year.
 */
function changePlan(object: Members, user: string): void {
  const { id: invoice, lines } = object as { id: string; lines: { data: ReturnType<typeof invoiceLine>[] } }
  const credited_items = { invoice, invoice_line_items: lines.data.map(({ id }) => id) }
  const own = (line: Partial<InvoiceOptions>) =>
    withOwnNames(invoiceLine({ ...line, line: { id: randomId('il') } }), user)
  const unused = own({ amount: -2000 })
  const details = { proration: true, proration_details: { credited_items } }
  Object.assign(unused.parent?.subscription_item_details ?? {}, details)
  Object.assign(unused.pricing ?? {}, { unit_amount_decimal: null })
  const year = own({ price: 'price_pro_yearly', amount: 20_000 })
  Object.assign(year.pricing ?? {}, { unit_amount_decimal: '20000' })
  // The period differs from the month's: it begins with the change.
  if (year.period) year.period.start += 1
  const total = { total: 18_000, subtotal: 18_000, amount_due: 18_000, amount_paid: 18_000 }
  const names = { id: randomId('in'), billing_reason: 'subscription_update' }
  Object.assign(object, { ...names, ...total, lines: { ...lines, data: [unused, year] } })
}

/** Names charge, refund and dispute after the payment, which has one of each, unless `--set id=…` says otherwise. */
function nameReversal(object: Members, { payment = '', amount }: SendFlags): void {
  const charge = `ch_${payment}`
  if (object.object !== 'charge') Object.assign(object, { id: reversalId(object, payment), charge })
  else Object.assign(object, { id: charge, ...given({ amount_refunded: amount }) })
}

/** Returns Stripe's form of a moment. */
const seconds = (at: number) => Math.floor(at / 1000)

/** Returns the members that are not undefined. */
function given<Given extends Members>(
  members: Given,
): { [Name in keyof Given]: Exclude<Given[Name], undefined> } {
  const entries = Object.entries(members).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as { [Name in keyof Given]: Exclude<Given[Name], undefined> }
}
