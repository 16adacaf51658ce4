import { styleText } from 'node:util'
import type { Results } from './results.ts'
import type { Target } from './targets.ts'

/** What was measured, for a person. */
export function report(results: Results): string {
  const { latency, throughput, wallets, storage, stages, weight, startup, growth } = results
  return [
    latency &&
      table('One at a time, 20 ms to the database and 1 ms per statement: p50 / p95, milliseconds', [
        [
          'event',
          'ledgerhook',
          'floor',
          'bare writes',
          'tutorial',
          'p50 over floor',
          'requests',
          'statements',
        ],
        ...latency.map((row) => [
          ...[
            row.event,
            both(row.ledgerhook),
            both(row.floor),
            maybe(row.writes, both),
            maybe(row.tutorial, both),
          ],
          ...[row.overFloor.toFixed(3), row.requests.toFixed(2), row.statements.toFixed(2)],
        ]),
      ]),
    throughput &&
      table(
        '16 at a time, no added latency: deliveries per second (CPU of workerd per delivery, milliseconds)',
        [
          ['event', 'ledgerhook', 'floor', 'bare writes', 'tutorial', 'of the floor', 'of bare writes'],
          ...throughput.map((row) => [
            ...[
              row.event,
              rate(row.ledgerhook),
              rate(row.floor),
              maybe(row.writes, rate),
              maybe(row.tutorial, rate),
            ],
            ...[row.ofFloor.toFixed(2), maybe(row.ofWrites, (ratio) => ratio.toFixed(2))],
          ]),
        ],
      ),
    wallets &&
      table('Top-ups, 16 at a time: per second', [
        ['for one user', 'each for another', 'one of many'],
        [wallets.one.toFixed(0), wallets.many.toFixed(0), wallets.oneOfMany.toFixed(2)],
      ]),
    stages &&
      table('CPU inside the Worker, waiting left out: microseconds', [
        ['event', 'verification', 'parsing', 'statement and answer', 'whole delivery'],
        ...stages.map((row) => [
          row.event,
          ...[row.verification, row.parsing, row.statement, row.delivery].map((us) => us.toFixed(0)),
        ]),
      ]),
    storage &&
      table('Bytes that a delivery adds', [
        ['event', 'rows', 'indexes', 'by table (rows + indexes)'],
        ...storage.map((row) => [
          ...[row.event, row.rows.toFixed(0), row.indexes.toFixed(0)],
          row.tables
            .map(({ name, rows, indexes }) => `${name} ${rows.toFixed(0)}+${indexes.toFixed(0)}`)
            .join(', '),
        ]),
      ]),
    weight &&
      table('Weight of the Worker: KiB, minified and gzipped', [
        ['', 'minified', 'gzipped'],
        ['all', kib(weight.minified), kib(weight.gzipped)],
        ...weight.parts.map(({ name, minified, gzipped }) => [name, kib(minified), kib(gzipped)]),
      ]),
    startup &&
      table('Start of a fresh isolate: milliseconds of CPU until its first answer', [
        ['empty', 'bare Hono', 'floor', 'ledgerhook', 'over bare', 'script alone, over bare'],
        [
          ...[startup.empty, startup.bare, startup.floor, startup.ledgerhook].map((ms) => ms.toFixed(1)),
          ...[startup.overBare, startup.scriptOverBare].map((ratio) => ratio.toFixed(2)),
        ],
      ]),
    growth &&
      table('On a large database: p50, milliseconds, no added latency', [
        ['event', 'small', 'large', 'large over small'],
        ...growth.map((row) => [
          ...[row.event, row.small.toFixed(2), row.large.toFixed(2), row.overSmall.toFixed(2)],
        ]),
      ]),
  ]
    .filter((part) => part !== undefined)
    .join('\n\n')
}

export function verdict(targets: Target[]): string {
  const lines = targets.map(({ name, value, holds }) => {
    const mark = holds ? styleText('green', '✓') : styleText('red', '✗')
    return `${mark} ${name}: ${value.toFixed(2)}`
  })
  const missed = targets.filter(({ holds }) => !holds).length
  const sum = missed === 0 ? 'all targets hold' : `${missed} of ${targets.length} targets do not hold`
  return [...lines, '', styleText(missed === 0 ? 'green' : 'red', sum)].join('\n')
}

function table(title: string, rows: string[][]): string {
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

const both = ({ p50, p95 }: { p50: number; p95: number }) => `${p50.toFixed(1)} / ${p95.toFixed(1)}`
const rate = ({ perSecond, cpuMs }: { perSecond: number; cpuMs: number | null }) =>
  `${perSecond.toFixed(0)}${cpuMs === null ? '' : ` (${cpuMs.toFixed(2)})`}`
const maybe = <T>(value: T | null, show: (value: T) => string) => (value === null ? '' : show(value))
const kib = (bytes: number) => (bytes / 1024).toFixed(1)
