import type { Effect } from '../db.ts'
import { unconditional } from '../stripe/app-tag.ts'
import type { Verdict } from '../webhook/outcome.ts'
import type { Pass } from './pass.ts'
import type { DifferenceKind } from './words.ts'

/** Kinds of differences in which something is paid and not credited here. */
export const CREDITING: DifferenceKind[] = ['paid_not_credited', 'period_without_credits']

/** An object by its id, with the effect of its event. */
interface Compared {
  object: string
  decision: Effect | Verdict
}

/**
 * What the facts of a verb say about what paid: an invoice's payment comes with the invoice, or in an object of its
 * own.
 */
interface Paid {
  stripe_invoice_id?: string | null
  stripe_payment_intent_id?: string | null
  stripe_charge_id?: string | null
  paid_by?: string | null
}

const paidOf = ({ decision }: Compared): Paid => ('verb' in decision ? unconditional(decision).facts : {})

/** Remembers the ids by which a refund or a dispute may name a payment that is not credited here. */
export function noteUncredited({ uncredited }: Pass, item: Compared, kind: DifferenceKind | null): void {
  if (!uncredited) return
  const { stripe_invoice_id: invoice, paid_by, ...payment } = paidOf(item)
  const isUncredited = (kind && CREDITING.includes(kind)) || (invoice && paid_by && uncredited.has(invoice))
  if (!isUncredited) return
  for (const id of [
    item.object,
    invoice,
    paid_by,
    payment.stripe_payment_intent_id,
    payment.stripe_charge_id,
  ])
    if (id) uncredited.add(id)
}

/** Whether it is about a payment that is not credited here, so that its verb finds no payment to take credits from. */
export function isOfUncredited({ uncredited }: Pass, item: Compared): boolean {
  const { stripe_payment_intent_id: intent, stripe_charge_id: charge } = paidOf(item)
  return [intent, charge].some((id) => id && uncredited?.has(id))
}
