import { readFile } from 'node:fs/promises'
import { LocalError } from './errors.ts'

/** A record of a CSV file, with the number of its first line. */
export interface CsvRecord {
  line: number
  fields: string[]
}

/** A line that is not CSV, or that breaks a rule. */
export interface Problem {
  /** Counted from 1; 0 if the problem is about the whole file. */
  line: number
  why: string
}

/** One field and what ends it: a comma, the end of a line, or the end of the text. */
const FIELD = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n?|\n|$)/y

/**
 * Parses CSV as RFC 4180 defines it: a quote within quotes is doubled, and a quoted field may have several lines. A line
 * may also end with LF or CR alone.
 */
export function parseCsv(text: string): { records: CsvRecord[]; problem: Problem | null } {
  const records: CsvRecord[] = []
  const pattern = new RegExp(FIELD)
  let [at, line] = [0, 1]
  let current: CsvRecord = { line, fields: [] }
  const body = text.replace(/^\uFEFF/, '')
  while (at < body.length || current.fields.length > 0) {
    pattern.lastIndex = at
    const match = pattern.exec(body)
    if (!match) return { records, problem: { line, why: 'a quote is not closed, or stands within a field' } }
    const [whole, quoted, plain = '', end] = match
    current.fields.push(quoted?.replaceAll('""', '"') ?? plain)
    at += whole.length
    line += whole.split(/\r\n?|\n/).length - 1
    if (end === ',') continue
    const isBlank = current.fields.length === 1 && current.fields[0] === ''
    if (!isBlank) records.push(current)
    current = { line, fields: [] }
  }
  return { records, problem: null }
}

/** Returns why the first line of a CSV file is not a header with these columns. Null if it is. */
export function objectionToHeader(header: CsvRecord | undefined, columns: string): string | null {
  const names = header?.fields.map((name) => name.trim()).join(',')
  if (names === columns) return null
  const separator = [';', '\t'].find(
    (one) =>
      names
        ?.split(one)
        .map((name) => name.trim())
        .join(',') === columns,
  )
  const instead = separator === ';' ? 'semicolons' : 'tabs'
  const why = separator ? `: the columns are separated by ${instead}, export it once more with commas` : ''
  return `the first line has to be ${columns}${why}`
}

/** Reads a CSV file. Throws a LocalError. */
export async function readCsvFile(file: string): Promise<string> {
  const bytes = await readFile(file).catch(() => {
    throw new LocalError(`${file} cannot be read: name a CSV file`)
  })
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new LocalError(`${file} is not UTF-8: export it once more as UTF-8`)
  }
}
