import type { Results } from './results.ts'
import type { Soak } from './soak/soak.ts'

export interface Target {
  name: string
  value: number
  /** The name says whether it is a maximum or a minimum. */
  limit: number
  holds: boolean
}

/** A target before it is compared with the results. */
export type Rule = Omit<Target, 'holds'> & { is: 'at most' | 'at least' }

const KIB = 1024
/** The requests of a run under Cloudflare's free plan: the default of RUN_SUBREQUESTS. */
const RUN_REQUESTS = 40
/** Milliseconds. A request to the database times out after 3,000, and a person waits for a read. */
const BITE_MS = 1_000
const READ_MS = 250

/** Memory varies by some per cent even if nothing is kept. */
const FLAT = 1.2

/** Far fewer than one scan of a grown table reads. */
const FIRST_DAY_ROWS = 1_000

/** Returns the rules for these results. A p50 or a rate is only compared with those of the same run. */
export function rulesOf({
  latency,
  throughput,
  calls,
  drain,
  firstDay,
  outgoing,
  weight,
  startup,
  growth,
  backlog,
  soak,
}: Results): Rule[] {
  return [
    ...(latency ?? []).flatMap(({ event, overFloor, requests, statements, ledgerhook, tutorial }) => [
      atMost(1.05, `p50 over the floor, ${event}`, overFloor),
      atMost(1, `database requests per delivery, ${event}`, requests),
      atMost(1, `database statements per delivery, ${event}`, statements),
      ...(tutorial
        ? [atLeast(3, `the tutorial's p50 over ours, ${event}`, tutorial.p50 / ledgerhook.p50)]
        : []),
    ]),
    ...(throughput ?? []).map(({ event, ofFloor }) =>
      atLeast(0.7, `throughput of the floor, ${event}`, ofFloor),
    ),
    ...(calls ?? []).flatMap(({ call, requests, statements }) => [
      atMost(1, `database requests per call, ${call}`, requests),
      atMost(1, `database statements per call, ${call}`, statements),
    ]),
    ...(drain ? [atLeast(1.3, 'drained from the queue, of the floor', drain.ofFloor)] : []),
    ...(firstDay
      ? [
          atMost(1.2, 'p50 on tables analyzed while empty, over never analyzed', firstDay.overNever),
          atMost(FIRST_DAY_ROWS, 'rows read by scans of tables analyzed while empty', firstDay.rowsScanned),
        ]
      : []),
    ...(outgoing ?? []).flatMap(({ event, without, unset }) => [
      atMost(1.05, `p50 without EVENTS_URL over no outbox at all, ${event}`, unset.p50 / without.p50),
      atMost(1, `database requests without EVENTS_URL, ${event}`, unset.requests),
      atMost(1, `database statements without EVENTS_URL, ${event}`, unset.statements),
      atMost(0, `rows of the outbox without EVENTS_URL, ${event}`, unset.rows),
    ]),
    ...(weight ? [atMost(180, 'KiB gzipped, of the whole Worker', weight.gzipped / KIB)] : []),
    ...(startup
      ? [
          atMost(4, 'start-up time over a bare Hono worker', startup.overBare),
          atMost(1.2, 'start-up time over the SDKs and the driver', startup.overFloor),
        ]
      : []),
    ...(growth ?? []).map(({ event, overSmall }) =>
      atMost(1.1, `p50 on the large database over the small, ${event}`, overSmall),
    ),
    ...(backlog?.rows ?? []).map(({ what, kind, p50 }) =>
      atMost(kind === 'bite' ? BITE_MS : READ_MS, `milliseconds on the large database, ${what}`, p50),
    ),
    ...(backlog
      ? [
          atMost(
            RUN_REQUESTS,
            'database requests of a scheduled run with every task due',
            backlog.runs.requests,
          ),
        ]
      : []),
    ...(soak ? rulesOfSoak(soak) : []),
  ]
}

function rulesOfSoak({ unsettled, sums, ledgers, doubled, contradictions, memory }: Soak): Rule[] {
  return [
    atMost(0, 'events that are not settled as expected', unsettled.length),
    atMost(0, 'wallets whose balance is not the sum of their entries', sums.length),
    atMost(0, "users whose ledger is not the model's", ledgers.length),
    atMost(0, 'facts that have moved credits twice', doubled.length),
    atMost(0, 'spends whose key was answered by two balances', contradictions.length),
    ...(['heap', 'workerd', 'postgres'] as const).flatMap((name) =>
      memory
        ? [
            atMost(
              FLAT,
              `memory of ${name}, last fifth over the first`,
              memory.last[name] / memory.first[name],
            ),
          ]
        : [],
    ),
  ]
}

export function judge({ is, ...rule }: Rule): Target {
  return { ...rule, holds: is === 'at most' ? rule.value <= rule.limit : rule.value >= rule.limit }
}

const rule = (is: Rule['is']) => (limit: number, what: string, value: number) => ({
  name: `${what}: ${is} ${limit}`,
  value,
  limit,
  is,
})
const atMost = rule('at most')
const atLeast = rule('at least')
