import { styleText } from 'node:util'
import type { CallRates, CallsRow } from './measures/calls.ts'
import type { Drain, DrainCpu } from './measures/drain.ts'
import type { FirstDay } from './measures/first-day.ts'
import type { LatencyRow } from './measures/latency.ts'
import type { OutgoingFigures, OutgoingRow } from './measures/outgoing.ts'
import type { StagesRow } from './measures/stages.ts'
import type { StorageRow } from './measures/storage.ts'
import type { ThroughputRow } from './measures/throughput.ts'
import type { Wallets } from './measures/wallets.ts'
import type { Results } from './results.ts'
import { backlogTable, growthTable, reconcileTable } from './size-tables.ts'
import { soakReport } from './soak/report.ts'
import { startupTable, weightTable } from './start-tables.ts'
import { maybe, table } from './table.ts'
import type { Target } from './targets.ts'

/** Returns the results as tables. */
export function report(results: Results): string {
  const { latency, throughput, wallets, calls, drain, firstDay, outgoing } = results
  const { stages, storage, weight, startup, reconcile, growth, backlog, soak } = results
  return [
    latency && latencyTable(latency),
    throughput && throughputTable(throughput),
    wallets && walletsTable(wallets),
    calls && callsTable(calls),
    drain && drainTable(drain),
    firstDay && firstDayTable(firstDay),
    outgoing && outgoingTable(outgoing),
    stages && stagesTable(stages),
    storage && storageTable(storage),
    weight && weightTable(weight),
    startup && startupTable(startup),
    reconcile && reconcileTable(reconcile),
    growth && growthTable(growth),
    backlog && backlogTable(backlog),
    soak && soakReport(soak),
  ]
    .filter((part) => part !== undefined)
    .join('\n\n')
}

const SIDE_BY_SIDE = ['event', 'ledgerhook', 'floor', 'bare writes', 'tutorial']

interface SideBySide<T> {
  event: string
  ledgerhook: T
  floor: T
  writes: T | null
  tutorial: T | null
}

const sideBySide = <T>(
  { event, ledgerhook, floor, writes, tutorial }: SideBySide<T>,
  show: (value: T) => string,
) => [event, show(ledgerhook), show(floor), maybe(writes, show), maybe(tutorial, show)]

const latencyTable = (rows: LatencyRow[]) =>
  table('One at a time, 20 ms to the database and 1 ms per statement: p50 / p95, milliseconds', [
    [...SIDE_BY_SIDE, 'p50 over floor', 'requests', 'statements'],
    ...rows.map((row) => [
      ...sideBySide(row, both),
      row.overFloor.toFixed(3),
      row.requests.toFixed(2),
      row.statements.toFixed(2),
    ]),
  ])

const throughputTable = (rows: ThroughputRow[]) =>
  table('16 at a time, no added latency: deliveries per second (CPU of workerd per delivery, milliseconds)', [
    [...SIDE_BY_SIDE, 'of the floor', 'of bare writes'],
    ...rows.map((row) => [
      ...sideBySide(row, rate),
      row.ofFloor.toFixed(2),
      maybe(row.ofWrites, (ratio) => ratio.toFixed(2)),
    ]),
  ])

const walletsTable = ({ one, many, oneOfMany }: Wallets) =>
  table('Top-ups, 16 at a time: per second', [
    ['for one user', 'each for another', 'one of many'],
    [one.toFixed(0), many.toFixed(0), oneOfMany.toFixed(2)],
  ])

const callsTable = (rows: CallsRow[]) => {
  const rates = ({ ledgerhook, floor, ofFloor }: CallRates) => [
    ledgerhook.toFixed(0),
    floor.toFixed(0),
    ofFloor.toFixed(2),
  ]
  return table('Calls of an app, 16 at a time, no added latency: per second', [
    [
      'call',
      'many wallets',
      'floor',
      'of the floor',
      'one wallet',
      'floor',
      'of the floor',
      'requests',
      'statements',
    ],
    ...rows.map(({ call, many, one, requests, statements }) => [
      call,
      ...rates(many),
      ...rates(one),
      requests.toFixed(2),
      statements.toFixed(2),
    ]),
  ])
}

const drainTable = ({ queued, takenIn, floor, ofFloor, cpu }: Drain) => {
  const cpuOf = ({ ingest, consumer, postgres }: DrainCpu) =>
    [ingest, consumer, postgres].map((ms) => ms.toFixed(2))
  return table('Top-ups, 16 at a time, until all are committed: per second (CPU for each, milliseconds)', [
    ['', 'per second', 'taken in', 'of the floor', 'CPU: ingest', 'consumer', 'Postgres'],
    ['through the queue', queued.toFixed(0), takenIn.toFixed(0), ofFloor.toFixed(2), ...cpuOf(cpu.queued)],
    ['floor', floor.toFixed(0), floor.toFixed(0), '1.00', ...cpuOf(cpu.floor)],
  ])
}

const firstDayTable = ({ analyzed, never, overNever, topUps, scans, rowsScanned }: FirstDay) =>
  table(`After ${topUps} top-ups on tables that were analyzed while empty: p50, milliseconds`, [
    ['analyzed while empty', 'never analyzed', 'over never', 'scans of tables', 'rows read by them'],
    [analyzed.toFixed(2), never.toFixed(2), overNever.toFixed(3), String(scans), String(rowsScanned)],
  ])

const outgoingTable = (rows: OutgoingRow[]) => {
  const shown = ({ p50, requests, statements, rows }: OutgoingFigures) =>
    `${p50.toFixed(2)} (${[requests, statements, rows].map((figure) => figure.toFixed(2)).join(', ')})`
  return table(
    'Outgoing events, one at a time: p50, milliseconds (requests, statements, rows of the outbox per delivery)',
    [
      ['event', 'no outbox', 'EVENTS_URL unset', 'EVENTS_URL set', 'unset over none', 'set over unset'],
      ...rows.map(({ event, without, unset, set }) => [
        event,
        shown(without),
        shown(unset),
        shown(set),
        (unset.p50 / without.p50).toFixed(3),
        (set.p50 / unset.p50).toFixed(3),
      ]),
    ],
  )
}

const stagesTable = (rows: StagesRow[]) =>
  table('CPU inside the Worker, without waiting: microseconds, and the share of a whole delivery', [
    ['event', 'verification', 'parsing', 'statement and response', 'whole delivery'],
    ...rows.map(({ event, delivery, ...row }) => [
      event,
      ...[row.verification, row.parsing, row.statement].map(
        (us) => `${us.toFixed(0)} (${((us / delivery) * 100).toFixed(0)} %)`,
      ),
      delivery.toFixed(0),
    ]),
  ])

const storageTable = (rows: StorageRow[]) =>
  table('Bytes that a delivery adds', [
    ['event', 'rows', 'indexes', 'by table (rows + indexes)'],
    ...rows.map(({ event, rows, indexes, tables }) => [
      event,
      rows.toFixed(0),
      indexes.toFixed(0),
      tables.map((part) => `${part.name} ${part.rows.toFixed(0)}+${part.indexes.toFixed(0)}`).join(', '),
    ]),
  ])

export function verdict(targets: Target[]): string {
  const lines = targets.map(({ name, value, holds }) => {
    const mark = holds ? styleText('green', '✓') : styleText('red', '✗')
    return `${mark} ${name}: ${value.toFixed(2)}`
  })
  const missed = targets.filter(({ holds }) => !holds).length
  if (targets.length === 0) return 'nothing here has a target'
  const sum = missed === 0 ? 'all targets hold' : `${missed} of ${targets.length} targets do not hold`
  return [...lines, '', styleText(missed === 0 ? 'green' : 'red', sum)].join('\n')
}

const both = ({ p50, p95 }: { p50: number; p95: number }) => `${p50.toFixed(1)} / ${p95.toFixed(1)}`
const rate = ({ perSecond, cpuMs }: { perSecond: number; cpuMs: number | null }) =>
  `${perSecond.toFixed(0)}${cpuMs === null ? '' : ` (${cpuMs.toFixed(2)})`}`
