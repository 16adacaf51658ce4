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

/** A payment of the file, as it was imported or would be. */
export interface Imported extends EarlierPayment {
  user_id: string
  /** What it bought. */
  credits: number
  is_new: boolean
  /** Credits that were gone before `CREDIT_SINCE`. */
  gone_before: number
  /** Refunds and disputes of it since. */
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

/** Rows of one statement, and payments that are read at once. */
const BATCH = 50
const AT_ONCE = 8

const REFUSALS: Record<string, string> = {
  credited_here: 'Ledgerhook has credited it: its refunds are known',
  known_otherwise: 'it was imported for another user, or with other credits',
  unknown_user: 'there is no wallet of its user',
  customer_mismatch: 'its Stripe customer is another user’s',
}

/**
 * Makes the payments of a file known, which were made before `CREDIT_SINCE`: all of them or, where something is wrong,
 * none. Then looks again at what was refused because nobody knew them. Without `fixes` it only says what it would do.
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
  // Nothing is written before all of it is known to be possible.
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

async function readAll(pass: Pass, rows: EarlierRow[], since: number): Promise<Row[]> {
  const say = progress('lines')
  const returned = await readReturned(pass, new Set(rows.map(({ payment }) => payment)))
  const [read, problems]: [Row[], string[]] = [[], []]
  const sold = new Map<string, number>()
  for (let at = 0; at < rows.length; at += AT_ONCE) {
    const slice = rows.slice(at, at + AT_ONCE)
    const found = await Promise.all(slice.map((row) => readEarlier(pass, row)))
    for (const [i, { line, payment, user, credits }] of slice.entries()) {
      const one = found[i] as EarlierPayment | string
      if (typeof one === 'string') problems.push(`line ${line}: ${payment}: ${one}`)
      else if (sold.has(one.stripe_payment_id))
        problems.push(
          `line ${line}: ${payment} has paid the same invoice as line ${sold.get(one.stripe_payment_id)}`,
        )
      else {
        const came = returned.get(payment) ?? []
        const gone = (await Promise.all(came.map((one) => goneBefore(pass, one, since)))).flat()
        if (gone.some(({ currency, held }) => currency !== one.currency && held !== 0))
          problems.push(
            `line ${line}: ${payment}: it was disputed in another currency before CREDIT_SINCE: leave it out, a person decides on it`,
          )
        sold.set(one.stripe_payment_id, line)
        read.push({
          ...one,
          line,
          user_id: user,
          credits,
          gone,
          since: came.filter(({ object }) => !isBefore(object, since)).length,
        })
      }
    }
    say('reading', at + slice.length)
  }
  refuse(problems)
  return read
}

/**
 * What a refund or a dispute had taken by then, as facts of its verb: the balances that were brought have it in them.
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
    // What was right a moment ago is not any more: the batches before this one are imported.
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

/** What was refused while nobody knew these payments is decided on once more. */
async function lookAgainAt(pass: Pass, payments: string[]): Promise<void> {
  for (let at = 0; at < payments.length; at += BATCH) {
    const facts = { payments: payments.slice(at, at + BATCH) }
    for (const stored of await call<Stored[]>(pass.db, 'refused_before_start', [facts]))
      await lookAgain(providers, stored, pass.settings, pass.db)
  }
}
