import { MAX_CREDITS } from '../../src/limits.ts'
import { idOf } from '../../src/values.ts'
import { readCsvFile } from '../shared/csv.ts'
import { LocalError } from '../shared/errors.ts'
import { few, linesOf } from './file.ts'

/** A payment of a file: its user, and the credits that it bought. */
export interface EarlierRow {
  line: number
  payment: string
  user: string
  credits: number
}

const COLUMNS = 'payment_intent,user_id,credits'

/** Reads `payment_intent,user_id,credits`. @throws LocalError that names every line that is wrong */
export async function readRows(file: string, sum: number | undefined): Promise<EarlierRow[]> {
  const { lines, problems } = linesOf(await readCsvFile(file), COLUMNS)
  const rows = new Map<string, EarlierRow>()
  for (const { line, fields } of lines) {
    const [payment = '', user = '', credits = ''] = fields.map((field) => field.trim())
    const why =
      fields.length !== 3
        ? `it has ${fields.length} fields, not 3`
        : objectionTo(payment, user, credits, rows.get(payment))
    if (why) problems.push(`line ${line}: ${why}`)
    else rows.set(payment, { line, payment, user, credits: Number(credits) })
  }
  const total = [...rows.values()].reduce((all, { credits }) => all + credits, 0)
  if (problems.length === 0 && rows.size === 0) problems.push('there is no line after the first one')
  if (problems.length === 0 && sum !== undefined && sum !== total)
    problems.push(`the credits add up to ${total}, not to ${sum}`)
  refuse(problems)
  return [...rows.values()]
}

function objectionTo(
  payment: string,
  user: string,
  credits: string,
  earlier: EarlierRow | undefined,
): string | null {
  if (!/^pi_\w{1,250}$/.test(payment)) return 'payment_intent is not one, such as pi_3MtwBwLkdIwHu7ix28a3tqPa'
  if (idOf(user) === null) return 'user_id names no user'
  if (!/^\d{1,13}$/.test(credits) || Number(credits) > MAX_CREDITS)
    return 'credits is not a whole number of credits, such as 500'
  return earlier ? `${payment} stands on line ${earlier.line} already` : null
}

/** Ends the import before it writes anything, if there are problems. @throws LocalError */
export function refuse(problems: string[]): void {
  if (problems.length === 0) return
  throw new LocalError(['no payment is imported:', ...few(problems)].join('\n'))
}
