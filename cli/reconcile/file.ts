import { type CsvRecord, objectionToHeader, parseCsv } from '../shared/csv.ts'
import { LocalError } from '../shared/errors.ts'

const MOST_PROBLEMS = 10

/**
 * Returns the lines of a CSV file after the header, which must name these columns, and the problems of its syntax.
 * @throws LocalError if the header is another one
 */
export function linesOf(text: string, columns: string): { lines: CsvRecord[]; problems: string[] } {
  const { records, problem } = parseCsv(text)
  const [header, ...lines] = records
  const why = objectionToHeader(header, columns)
  if (why) throw new LocalError(why)
  return { lines, problems: problem ? [`line ${problem.line}: ${problem.why}`] : [] }
}

/** Joins the first of many problems for a person to fix. */
export const few = (problems: string[]) =>
  problems.length <= MOST_PROBLEMS
    ? problems
    : [...problems.slice(0, MOST_PROBLEMS), `and ${problems.length - MOST_PROBLEMS} more`]
