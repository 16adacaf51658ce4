import type { Backlog } from './measures/backlog.ts'
import type { GrowthRow } from './measures/growth.ts'
import type { ReconcileRow } from './measures/reconcile.ts'
import { maybe, table } from './table.ts'

export const growthTable = (rows: GrowthRow[]) =>
  table('On a large database: p50, milliseconds, no added latency', [
    ['event', 'small', 'large', 'large over small'],
    ...rows.map(({ event, small, large, overSmall }) => [
      event,
      small.toFixed(2),
      large.toFixed(2),
      overSmall.toFixed(2),
    ]),
  ])

export const backlogTable = ({ rows, runs }: Backlog) =>
  table('While much has piled up: milliseconds, no added latency', [
    ['', 'p50', 'worst', 'CPU of workerd'],
    ...[
      ...rows,
      { ...runs, what: `a scheduled run, every task due: at most ${runs.requests} requests to the database` },
    ].map(({ what, p50, worst, cpuMs }) => [
      what,
      p50.toFixed(1),
      worst.toFixed(1),
      maybe(cpuMs, (ms) => ms.toFixed(1)),
    ]),
  ])

export const reconcileTable = (rows: ReconcileRow[]) =>
  table('Reconcile, with the local Stripe and the local Clerk', [
    [
      '',
      'objects',
      'found',
      'put right',
      'requests to the providers',
      'statements',
      'seconds',
      'seconds per 1,000 objects',
      'peak memory, MiB',
    ],
    ...rows.map(({ run, objects, found, fixed, requests, statements, seconds, peak }) => [
      run,
      ...[objects, found, fixed, requests, statements].map((count) => count.toLocaleString('en')),
      seconds.toFixed(1),
      ((seconds / objects) * 1000).toFixed(2),
      peak.toFixed(0),
    ]),
  ])
