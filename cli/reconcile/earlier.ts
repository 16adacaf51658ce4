import { call } from '../../src/db.ts'
import type { Reversal } from '../../src/payments/verbs.ts'
import { providers } from '../../src/providers.ts'
import type { Pass } from '../../src/reconcile/pass.ts'
import { unconditional } from '../../src/stripe/app-tag.ts'
import { decideObject } from '../../src/stripe/objects.ts'
import type { Stored } from '../../src/webhook/due.ts'
import { lookAgain } from '../../src/webhook/release.ts'
import { LocalError } from '../shared/errors.ts'
import { progress } from '../shared/progress.ts'
import {
  asBefore,
  type EarlierPayment,
  isBefore,
  type Returned,
  readEarlier,
  readReturned,
} from './earlier-read.ts'
import { type EarlierRow, readRows, refuse } from './earlier-rows.ts'

/** A payment of the file that was or would be imported. */
export interface Imported extends EarlierPayment {
  user_id: string
  /** The credits that it bought. */
  credits: number
  is_new: boolean
  /** Credits that were gone before `CREDIT_SINCE`. */
  gone_before: number
  /** Its refunds and disputes since then. */
  since: number
}

type Row = EarlierPayment & {
  line: number
  user_id: string
  credits: number
  gone: Reversal[]
  since: number
}
type Said = { line: number; is_new: boolean; gone_before: number } | { line: number; refused: string }

/** Rows in one statement, and payments that are read at the same time. */
const BATCH = 50
const AT_ONCE = 8

const REFUSALS: Record<string, string> = {
  credited_here: 'Ledgerhook has credited it: its refunds are known',
  known_otherwise: 'it was imported for another user, or with other credits',
  unknown_user: 'there is no wallet of its user',
  customer_mismatch: 'its Stripe customer is another user’s',
}

const DISPUTED_OTHERWISE =
  'it was disputed in another currency before CREDIT_SINCE: leave it out, a person decides on it'

/**
 * Imports the payments of a file that were made before `CREDIT_SINCE`: all of them, or none if there are problems. Then
 * it decides again on the refunds and disputes that were refused because their payment was unknown. Without `fixes` it
 * only returns what it would do.
 * @throws LocalError, ProviderTrouble, DatabaseUnavailable
 */
export async function importEarlier(
  pass: Pass,
  { file, sum }: { file: string; sum: number | undefined },
): Promise<Imported[]> {
  const since = Date.parse(pass.settings.CREDIT_SINCE ?? '')
  if (!(since <= Date.now()))
    throw new LocalError('CREDIT_SINCE has to be the moment of the switch: it is not set, or in the future')
  const rows = await readAll(pass, await readRows(file, sum), since / 1000)
  // Nothing is written before the whole file is known to be possible.
  let said = await importAll(pass, rows, true)
  if (pass.fixes) {
    said = await importAll(pass, rows, false)
    await lookAgainAt(
      pass,
      rows.map(({ stripe_payment_intent_id }) => stripe_payment_intent_id),
    )
  }
  return rows.map(({ line, gone, ...row }) => ({
    ...row,
    ...(said.get(line) as { is_new: boolean; gone_before: number }),
  }))
}

/**
 * Reads the rows of the file, with what Stripe has for them.
 * @param since `CREDIT_SINCE`, in seconds
 * @throws LocalError that names every line that is wrong, ProviderTrouble
 */
async function readAll(pass: Pass, rows: EarlierRow[], since: number): Promise<Row[]> {
  const say = progress('line', 'lines')
  const returned = await readReturned(pass, new Set(rows.map(({ payment }) => payment)))
  const [sold, problems] = [new Map<string, Row>(), [] as string[]]
  for (let at = 0; at < rows.length; at += AT_ONCE) {
    const slice = rows.slice(at, at + AT_ONCE)
    const read = slice.map((row) => readRow(pass, row, returned.get(row.payment) ?? [], since))
    for (const one of await Promise.all(read)) {
      const other = typeof one === 'string' ? undefined : sold.get(one.stripe_payment_id)
      if (typeof one === 'string') problems.push(one)
      else if (other) problems.push(sameInvoice(one, other))
      else sold.set(one.stripe_payment_id, one)
    }
    say('reading', at + slice.length)
  }
  refuse(problems)
  return [...sold.values()]
}

const sameInvoice = ({ line, stripe_payment_intent_id }: Row, other: Row) =>
  `line ${line}: ${stripe_payment_intent_id} has paid the same invoice as line ${other.line}`

/** Reads one row, or returns what is wrong with it. @param came refunds and disputes of its payment */
async function readRow(pass: Pass, row: EarlierRow, came: Returned[], since: number): Promise<Row | string> {
  const { line, payment, user, credits } = row
  const read = await readEarlier(pass, row)
  if (typeof read === 'string') return `line ${line}: ${payment}: ${read}`
  const gone = (await Promise.all(came.map((one) => goneBefore(pass, one, since)))).flat()
  if (gone.some(({ currency, held }) => currency !== read.currency && held !== 0))
    return `line ${line}: ${payment}: ${DISPUTED_OTHERWISE}`
  const later = came.filter(({ object }) => !isBefore(object, since))
  return { ...read, line, user_id: user, credits, gone, since: later.length }
}

/**
 * Returns what a refund or a dispute had taken by then, as facts of its verb. The imported balances already contain it.
 * @param since `CREDIT_SINCE`, in seconds
 */
async function goneBefore(pass: Pass, { kind, object }: Returned, since: number): Promise<Reversal[]> {
  const then = await asBefore(pass, object, since)
  const decided = then === null ? null : decideObject(kind, then, new Date(since * 1000), pass.settings)
  if (!decided || !('verb' in decided.decision)) return []
  const facts = unconditional(decided.decision).facts as unknown as Reversal
  return facts.state === null ? [] : [facts]
}

async function importAll(pass: Pass, rows: Row[], only_checks: boolean) {
  const erase = pass.settings.USER_DELETION === 'delete'
  const all: Said[] = []
  for (let at = 0; at < rows.length; at += BATCH) {
    const facts = { rows: rows.slice(at, at + BATCH), erase, only_checks }
    const said = await call<Said[]>(pass.db, 'import_payments', [facts])
    // The data changed since the check: the batches before this one are imported.
    if (!only_checks) refuse(problemsOf(said))
    all.push(...said)
  }
  refuse(problemsOf(all))
  return new Map(all.map((one) => [one.line, one]))
}

const problemsOf = (said: Said[]) =>
  said.flatMap((one) =>
    'refused' in one ? [`line ${one.line}: ${REFUSALS[one.refused] ?? one.refused}`] : [],
  )

/** Decides again on the deliveries that were refused because these payments were unknown. */
async function lookAgainAt(pass: Pass, payments: string[]): Promise<void> {
  for (let at = 0; at < payments.length; at += BATCH) {
    const facts = { payments: payments.slice(at, at + BATCH) }
    for (const stored of await call<Stored[]>(pass.db, 'refused_before_start', [facts]))
      await lookAgain(providers, stored, pass.settings, pass.db)
  }
}
