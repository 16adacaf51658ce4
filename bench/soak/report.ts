import { table } from '../table.ts'
import type { Soak } from './soak.ts'

/** The number of differences of each kind that are shown. */
const SHOWN = 10

/** Returns the report of a soak as tables. */
export function soakReport(soak: Soak): string {
  const { deliveries, seconds, users, retries, twice, failed, entries, runs, statuses, memory } = soak
  return [
    table('Soak', [
      [
        'sent',
        'per second',
        'users',
        'sent again',
        'sent twice',
        'failed',
        'ledger entries',
        'scheduled runs at the end',
      ],
      [
        String(deliveries),
        (deliveries / seconds).toFixed(0),
        String(users),
        String(retries),
        String(twice),
        String(failed),
        String(entries),
        String(runs),
      ],
    ]),
    table('Responses', [Object.keys(statuses), Object.values(statuses).map(String)]),
    table('Faults', [
      ['fault', 'times'],
      ...Object.entries(soak.faults).map(([name, times]) => [name, String(times)]),
    ]),
    table('Events by kind and outcome', [
      ['kind', 'outcome', 'events'],
      ...Object.entries(soak.outcomes).flatMap(([kind, counts]) =>
        Object.entries(counts).map(([outcome, count]) => [kind, outcome, String(count)]),
      ),
    ]),
    memory
      ? table(`Memory, MiB, over ${memory.seconds.toFixed(0)} s without a restart`, [
          ['', 'first fifth', 'last fifth'],
          ...(['heap', 'workerd', 'postgres'] as const).map((name) => [
            name,
            memory.first[name].toFixed(2),
            memory.last[name].toFixed(2),
          ]),
        ])
      : 'Memory was not compared: no process has run for long enough after its warm-up.',
    ...differencesOf(soak),
  ].join('\n\n')
}

function differencesOf({ unsettled, sums, ledgers, doubled, contradictions }: Soak): string[] {
  return Object.entries({ unsettled, sums, ledgers, doubled, contradictions })
    .filter(([, lines]) => lines.length > 0)
    .map(([name, lines]) =>
      table(`${name}: ${lines.length}`, [[''], ...lines.slice(0, SHOWN).map((line) => [line])]),
    )
}
