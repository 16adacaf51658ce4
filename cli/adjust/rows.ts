import { LONGEST_ID, LONGEST_NOTE, MAX_CREDITS } from '../../src/limits.ts'
import { type CsvRecord, objectionToHeader, type Problem, parseCsv } from '../shared/csv.ts'

export const COLUMNS = ['user_id', 'amount', 'key', 'note']

/** One adjustment of a file. */
export interface Row {
  line: number
  user_id: string
  /** Credits to add, or the balance that the wallet is to have. */
  amount: number
  idempotency_key: string
  note: string
}

/** Reads a file's rows, and finds every mistake that the file shows without the database. */
export function readRows(text: string, toBalance: boolean): { rows: Row[]; problems: Problem[] } {
  const { records, problem } = parseCsv(text)
  const [header, ...lines] = records
  const wrong = objectionToHeader(header, COLUMNS.join(','))
  if (wrong) return { rows: [], problems: [{ line: 1, why: wrong }] }
  const problems = problem ? [problem] : []
  const rows: Row[] = []
  const seen = new Map<string, number>()
  for (const record of lines) {
    const row = rowOf(record)
    const why = objectionTo(record, row, toBalance) ?? repeated(row, seen, toBalance)
    if (why) problems.push({ line: record.line, why })
    else rows.push(row)
  }
  if (lines.length === 0 && !problem) problems.push({ line: 1, why: 'there is no line after the first one' })
  return { rows, problems }
}

function rowOf({ line, fields }: CsvRecord): Row {
  const [user_id = '', amount = '', idempotency_key = '', note = ''] = fields.map((field) => field.trim())
  return { line, user_id, amount: readWhole(amount), idempotency_key, note }
}

/** Returns NaN for anything but a whole number of credits, because nothing is rounded. */
const readWhole = (text: string) => (/^[-+]?\d+$/.test(text) ? Number(text) : Number.NaN)

function objectionTo({ fields }: CsvRecord, row: Row, toBalance: boolean): string | null {
  const { user_id, amount, idempotency_key, note } = row
  if (fields.length !== COLUMNS.length) return `it has ${fields.length} fields, not ${COLUMNS.length}`
  // biome-ignore lint/suspicious/noControlCharactersInRegex: Postgres cannot store a null character
  if (fields.some((field) => /\u0000/.test(field) || !field.isWellFormed()))
    return 'it has a character that cannot be stored'
  if (!user_id || user_id.length > LONGEST_ID || /\s/.test(user_id)) return 'user_id names no user'
  if (Number.isNaN(amount)) return 'amount is not a whole number of credits, such as 50 or -50'
  if (Math.abs(amount) > MAX_CREDITS)
    return `amount is more than ${MAX_CREDITS} credits, or less than -${MAX_CREDITS}`
  if (amount === 0 && !toBalance) return 'amount is 0: nothing would be booked'
  if (!idempotency_key || idempotency_key.length > LONGEST_ID)
    return `key is missing, or longer than ${LONGEST_ID} characters`
  if (!note || note.length > LONGEST_NOTE) return `note is missing, or longer than ${LONGEST_NOTE} characters`
  return null
}

/** Returns a problem if a file of balances names a user twice, because a wallet has only one balance. */
function repeated(row: Row, seen: Map<string, number>, toBalance: boolean): string | null {
  const names = [`key ${row.idempotency_key}`, ...(toBalance ? [`user ${row.user_id}`] : [])]
  const twice = names.find((name) => seen.has(name))
  if (twice) return `${twice} stands on line ${seen.get(twice)} already`
  for (const name of names) seen.set(name, row.line)
  return null
}
