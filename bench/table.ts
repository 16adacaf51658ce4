import { styleText } from 'node:util'

/** Returns rows as lines. The first row is the header. */
export function table(title: string, rows: string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  )
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  const [head = '', ...body] = lines
  return [styleText('bold', title), styleText('dim', head), ...body].join('\n')
}

/** Returns a measured figure as text, or a placeholder if there is none. */
export const maybe = <T>(value: T | null, show: (value: T) => string) => (value === null ? '' : show(value))
