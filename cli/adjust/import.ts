import { type Problem, readCsvFile } from '../shared/csv.ts'
import { callFunctionOn, connectTo, hostOf } from '../shared/database.ts'
import { LocalError } from '../shared/errors.ts'
import { progress } from '../shared/progress.ts'
import { readRows } from './rows.ts'

/** The options of an import. */
export interface Import {
  file: string
  /** Whether amounts are balances. The import then books the difference. */
  toBalance: boolean
  /** The sum that the amounts must have. Undefined if it was not given. */
  sum: number | undefined
  onlyChecks: boolean
  /** What the database needs to know of outgoing events. Undefined if your app receives none. */
  events: string | undefined
}

/** The result of an import. If there are problems, nothing was written. */
export interface Imported {
  lines: number
  /** Credits: the sum of all amounts in the file. */
  sum: number
  problems: Problem[]
  /** How many were booked now (or would be), and their credits. */
  booked: number
  credits: number
  /** How many wallets had the balance of their line, so that nothing had to be booked. */
  met: number
}

interface Batch {
  credits: number
  is_new: number
  met: number
  refused: Problem[]
}

/** Rows in one transaction: each row locks its user until the commit. */
const BATCH = 200

/**
 * Makes the adjustments of a file in batches, after it has checked the whole file. An adjustment that is already booked
 * is found by its key, so importing the same file again continues an interrupted import. @throws LocalError
 */
export async function importFile(
  url: string,
  what: Import,
  refusals: Record<string, string>,
): Promise<Imported> {
  const { rows, problems } = readRows(await readCsvFile(what.file), what.toBalance)
  const sum = rows.reduce((total, { amount }) => total + amount, 0)
  if (problems.length === 0 && what.sum !== undefined && what.sum !== sum)
    problems.push({ line: 0, why: `the amounts add up to ${sum}, not to ${what.sum}` })
  const imported = { lines: rows.length, sum, problems, booked: 0, credits: 0, met: 0 }
  if (rows.length === 0) return imported

  const client = await connectTo(url)
  const say = progress('line', 'lines')
  const pass = async (only_checks: boolean) => {
    const total: Batch = { credits: 0, is_new: 0, met: 0, refused: [] }
    for (let at = 0; at < rows.length; at += BATCH) {
      const facts = { rows: rows.slice(at, at + BATCH), to_balance: what.toBalance, only_checks }
      const batch = await callFunctionOn<Batch>(client, url, 'adjust_many', facts, what.events)
      total.credits += batch.credits
      total.is_new += batch.is_new
      total.met += batch.met
      total.refused.push(...batch.refused)
      if (!only_checks && batch.refused.length > 0) throw changedMeanwhile(url, batch, total, refusals)
      say(only_checks ? 'checking' : 'booking', at + facts.rows.length)
    }
    return total
  }
  try {
    const checked = await pass(true)
    imported.problems.push(...checked.refused.map(({ line, why }) => ({ line, why: refusals[why] ?? why })))
    imported.problems.sort((a, b) => a.line - b.line)
    if (imported.problems.length > 0) return imported
    const { is_new: booked, credits, met } = what.onlyChecks ? checked : await pass(false)
    return { ...imported, booked, credits, met }
  } finally {
    await client.end().catch(() => {})
  }
}

function changedMeanwhile(
  url: string,
  { refused }: Batch,
  { is_new }: Batch,
  refusals: Record<string, string>,
) {
  const lines = refused.map(({ line, why }) => `line ${line}: ${refusals[why] ?? why}`)
  return new LocalError(
    `${hostOf(url)} has changed since the check: ${lines.join('; ')}. ${is_new} are booked: run it again`,
  )
}
