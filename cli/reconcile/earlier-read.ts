import { unlessMissing } from '../../src/provider-trouble.ts'
import { askStripe, type Cursor, type Pass } from '../../src/reconcile/pass.ts'
import { patiently } from '../../src/reconcile/run.ts'
import { readPage } from '../../src/reconcile/stripe-walks.ts'
import { isBeforeStart } from '../../src/stripe/before-start.ts'
import { type Invoice, moneyOf } from '../../src/stripe/invoice.ts'
import { idOf, member } from '../../src/values.ts'
import { LocalError } from '../shared/errors.ts'
import type { EarlierRow } from './earlier-rows.ts'

/** A payment as Stripe has it. */
export interface EarlierPayment {
  stripe_payment_id: string
  /** Minor units of `currency`. A refund is a share of this amount. */
  amount: number
  currency: string
  stripe_payment_intent_id: string
  stripe_invoice_id: string | null
  stripe_charge_id: string | null
  stripe_customer_id: string | null
}

/**
 * Reads one payment, or returns why it cannot be one from before `CREDIT_SINCE`. If the payment paid an invoice, the
 * invoice says what was sold, and a refund is a share of its total. @throws LocalError, ProviderTrouble
 */
export async function readEarlier(pass: Pass, row: EarlierRow): Promise<EarlierPayment | string> {
  const { payment, user } = row
  const intent = await readOne(pass, `/v1/payment_intents/${payment}`)
  if (intent === null) return 'Stripe does not have it, in the mode of this key'
  const named = member(member(intent, 'metadata'), 'user_id')
  if (named !== undefined && named !== user) return `its metadata names ${named}, and not ${user}`
  if (member(intent, 'status') !== 'succeeded') return 'it was not paid'
  const invoice = await invoiceOf(pass, payment)
  const { settings } = pass
  const isEarlier =
    isBeforeStart(intent, settings) ||
    isBeforeStart(invoice, settings) ||
    isBeforeStart(await sessionOf(pass, payment), settings)
  if (!isEarlier) return 'it is not from before CREDIT_SINCE: Ledgerhook credits it'
  const amount = invoice ? moneyOf(invoice).amount : Number(member(intent, 'amount_received'))
  const currency = String(member(invoice ?? intent, 'currency'))
  if (!(amount > 0)) return 'it cost nothing: nothing of it can come back'
  return {
    stripe_payment_id: invoice?.id ?? payment,
    amount,
    currency,
    stripe_payment_intent_id: payment,
    stripe_invoice_id: invoice?.id ?? null,
    stripe_charge_id: idOf(member(intent, 'latest_charge')),
    stripe_customer_id: idOf(member(intent, 'customer')),
  }
}

async function invoiceOf(pass: Pass, payment: string): Promise<Invoice | null> {
  const asked = { 'payment[type]': 'payment_intent', 'payment[payment_intent]': payment }
  const paid = await readList(pass, `/v1/invoice_payments?${new URLSearchParams(asked)}`)
  const invoice = paid.find((one) => member(one, 'status') !== 'canceled')
  const id = idOf(member(invoice, 'invoice'))
  return id === null ? null : ((await readOne(pass, `/v1/invoices/${id}`)) as Invoice | null)
}

const sessionOf = async (pass: Pass, payment_intent: string) =>
  (await readList(pass, `/v1/checkout/sessions?${new URLSearchParams({ payment_intent, limit: '1' })}`))[0]

/** A refund or a dispute, as Stripe has it. */
export interface Returned {
  kind: 'refunds' | 'disputes'
  object: unknown
}

/**
 * Reads all that Stripe has about the refunds and disputes of these payments, by payment. @throws LocalError,
 * ProviderTrouble
 */
export async function readReturned(pass: Pass, payments: Set<string>): Promise<Map<string, Returned[]>> {
  const returned = new Map<string, Returned[]>()
  for (const kind of ['refunds', 'disputes'] as const) {
    let cursor: Cursor | null = {}
    while (cursor !== null) {
      const from: Cursor = cursor
      const page = await wait(() => readPage(pass, `/v1/${kind}`, new URLSearchParams(), from))
      for (const object of page.objects) {
        const payment = idOf(member(object, 'payment_intent'))
        if (payment && payments.has(payment))
          returned.set(payment, [...(returned.get(payment) ?? []), { kind, object }])
      }
      cursor = page.next
    }
  }
  return returned
}

async function readList(pass: Pass, path: string): Promise<unknown[]> {
  const { body } = await wait(() => askStripe(pass, path))
  const found = member(body, 'data')
  return Array.isArray(found) ? found : []
}

/** Reads one object. Returns null if Stripe does not have it. */
const readOne = async (pass: Pass, path: string): Promise<unknown> =>
  (await unlessMissing(wait(() => askStripe(pass, path))))?.body ?? null

async function wait<T>(act: () => Promise<T>): Promise<T> {
  const read = await patiently(act, 1_000)
  if (typeof read === 'string') throw new LocalError(`Stripe: ${read}`)
  return read as T
}

/**
 * Returns a refund or a dispute as it was before a moment: later changes count from then on. Returns null if the object
 * is younger. @param since in seconds
 */
export async function asBefore(pass: Pass, object: unknown, since: number): Promise<unknown> {
  if (!isBefore(object, since)) return null
  const failure = idOf(member(object, 'failure_balance_transaction'))
  if (failure !== null) {
    const failed = await readOne(pass, `/v1/balance_transactions/${failure}`)
    return isBefore(failed, since) ? object : { ...(object as object), status: 'succeeded' }
  }
  const moves = member(object, 'balance_transactions')
  if (!Array.isArray(moves) || moves.every((move) => isBefore(move, since))) return object
  const balance_transactions = moves.filter((move) => isBefore(move, since))
  return { ...(object as object), balance_transactions, status: 'under_review' }
}

export const isBefore = (object: unknown, since: number) => Number(member(object, 'created')) < since
