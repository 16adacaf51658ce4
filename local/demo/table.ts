import { styleText } from 'node:util'
import { type Facts, summary } from './compare.ts'

const PREFIX = 'checkout.session.'
const WIDTHS = [44, 32, 6, 46, 7]

export const header = () =>
  styleText('dim', `  ${columns('what happens', 'event', 'status', 'outcome / reason', 'balance')}`)

/** Returns the footnote that explains an abbreviation, if a line contains it. */
export const footnote = (lines: readonly Line[]) =>
  lines.some(({ sent }) => sent.includes(PREFIX)) ? `${styleText('dim', `  … stands for ${PREFIX}`)}\n` : ''

/** The text of a line before it is played. */
export interface Line {
  says: string
  /** The event that is sent, or the call. */
  sent: string
}

/** Returns a line for a step, and one for each fact that differs from the promise. */
export function row({ says, sent }: Line, seen: Facts, wrong: string[]): string {
  // Events that an app received have no status.
  const statuses = [...new Set(seen.answers.flatMap((answer) => /^\d{3}/.exec(answer) ?? []))]
  const all = summary(seen.answers.map((answer) => answer.replace(/^\d{3} ?/, '')).filter(Boolean))
  // Said once, for all events that the app was told.
  const verdicts = all.replaceAll(/(?<=\btold .*), told /g, ', ')
  const line = columns(
    says,
    sent.replace(PREFIX, '…'),
    statuses.join(),
    verdicts,
    String(seen.balance ?? '-'),
  )
  return [
    `${mark(wrong.length === 0)} ${line}`,
    ...wrong.map((text) => styleText('red', `    ${text}`)),
  ].join('\n')
}

export function mark(good: boolean): string {
  return good ? styleText('green', '✓') : styleText('red', '✗')
}

function columns(...cells: string[]): string {
  const last = cells.length - 1
  return cells
    .map((cell, column) =>
      column === last ? cell.padStart(WIDTHS[column] ?? 0) : cell.padEnd(WIDTHS[column] ?? 0),
    )
    .join('  ')
}
