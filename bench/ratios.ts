import type { CallsRow } from './measures/calls.ts'
import type { LatencyRow } from './measures/latency.ts'
import type { OutgoingRow } from './measures/outgoing.ts'
import type { ThroughputRow } from './measures/throughput.ts'
import type { Results } from './results.ts'

/** A figure that can be compared between machines, because both of its sides were measured in one run. */
export interface Ratio {
  name: string
  value: number
}

/** Returns useful figures that have no target. */
export function ratiosOf({
  latency,
  throughput,
  wallets,
  calls,
  outgoing,
  stages,
  startup,
}: Results): Ratio[] {
  return [
    ...(latency ?? []).map(({ event, ledgerhook, floor }: LatencyRow) => ({
      name: `p95 over the floor, ${event}`,
      value: ledgerhook.p95 / floor.p95,
    })),
    ...(throughput ?? []).flatMap(besideThroughput),
    ...(wallets
      ? [{ name: 'top-ups per second for one wallet, of those for many', value: wallets.oneOfMany }]
      : []),
    ...(calls ?? []).flatMap(besideCalls),
    ...(outgoing ?? []).map(({ event, set, unset }: OutgoingRow) => ({
      name: `p50 with EVENTS_URL, over that without it, ${event}`,
      value: set.p50 / unset.p50,
    })),
    ...(stages ?? []).flatMap(({ event, delivery, ...parts }) =>
      (['verification', 'parsing', 'statement'] as const).map((stage) => ({
        name: `${stage}, of a delivery's CPU inside the Worker, ${event}`,
        value: parts[stage] / delivery,
      })),
    ),
    ...(startup
      ? [
          {
            name: "the floor's start-up time over a bare Hono worker",
            value: startup.taken.floor / startup.taken.bare,
          },
          {
            name: 'start-up time with whole SDKs, over a bare Hono worker',
            value: startup.taken.wholeLedgerhook / startup.taken.bare,
          },
        ]
      : []),
  ]
}

function besideThroughput({ event, ledgerhook, floor, tutorial, writes, ofWrites }: ThroughputRow): Ratio[] {
  return [
    ...(ofWrites === null ? [] : [{ name: `throughput of the bare writes, ${event}`, value: ofWrites }]),
    ...(writes
      ? [
          {
            name: `the bare writes' throughput of the floor, ${event}`,
            value: writes.perSecond / floor.perSecond,
          },
        ]
      : []),
    ...(tutorial
      ? [{ name: `throughput of the tutorial, ${event}`, value: ledgerhook.perSecond / tutorial.perSecond }]
      : []),
    ...(ledgerhook.cpuMs && floor.cpuMs
      ? [{ name: `CPU of workerd over the floor, ${event}`, value: ledgerhook.cpuMs / floor.cpuMs }]
      : []),
  ]
}

const besideCalls = ({ call, many, one }: CallsRow): Ratio[] => [
  { name: `calls per second for many wallets, of the floor, ${call}`, value: many.ofFloor },
  { name: `calls per second for one wallet, of the floor, ${call}`, value: one.ofFloor },
  {
    name: `calls per second for one wallet, of those for many, ${call}`,
    value: one.ledgerhook / many.ledgerhook,
  },
]
