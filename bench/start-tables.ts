import type { Script, Startup } from './measures/startup.ts'
import type { Weight } from './measures/weight.ts'
import { table } from './table.ts'

export const weightTable = ({ minified, gzipped, parts }: Weight) =>
  table('Weight of the Worker: KiB, minified and gzipped', [
    ['', 'minified', 'gzipped'],
    ...[{ name: 'all', minified, gzipped }, ...parts].map((part) => [
      part.name,
      kib(part.minified),
      kib(part.gzipped),
    ]),
  ])

const SCRIPTS: Record<Script, string> = {
  empty: 'an empty script',
  bare: 'a bare Hono worker',
  wholeDriver: "Neon's driver",
  driver: "Neon's driver, as bundled",
  wholeStripe: "Stripe's SDK",
  stripe: "Stripe's SDK, as bundled",
  floor: 'the floor: both, and the SDK of Svix',
  wholeLedgerhook: 'ledgerhook, with whole SDKs',
  withoutPage: 'ledgerhook, without the page /ops',
  ledgerhook: 'ledgerhook',
}

export const startupTable = ({ by, taken }: Startup) =>
  table(
    `Start of a new isolate until its first response: ${by === 'CPU' ? 'CPU of workerd, ' : ''}milliseconds`,
    [
      ['', '', 'over bare', 'over floor'],
      ...(Object.keys(SCRIPTS) as Script[]).map((name) => [
        SCRIPTS[name],
        taken[name].toFixed(1),
        ...[taken.bare, taken.floor].map((ms) => (taken[name] / ms).toFixed(2)),
      ]),
    ],
  )

const kib = (bytes: number) => (bytes / 1024).toFixed(1)
