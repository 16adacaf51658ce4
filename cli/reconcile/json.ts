import { type Difference, KINDS } from '../../src/reconcile/words.ts'
import { limits, type Said } from './table.ts'

/** Returns the result as one JSON document, line by line, because all of its rows together may not fit into memory. */
export function* inJson(said: Said): Iterable<string> {
  const { host, pass, first, left, absent, payments, flags, settings } = said
  const { looked, unseen } = first.report
  yield '{'
  yield* members({ host, pass, fix: flags.fix, since: flags.since, compared: looked })
  yield* rows('found', first.store.rows())
  yield* rows('fixed', first.store.rows({ fixed: true }))
  yield* rows('left', left.store.rows())
  yield* rows('settled', left.store.settled.values())
  if (payments) yield* members({ payments })
  yield* members({ absent })
  const notSeen = [...unseen.map(({ walk, why }) => `${walk}: ${why}`), ...limits(settings, flags)]
  yield `  "unseen": ${inside(notSeen)}`
  yield '}'
}

const inside = (value: unknown) => JSON.stringify(value, null, 2).replaceAll('\n', '\n  ')

const members = (of: object) => Object.entries(of).map(([name, value]) => `  "${name}": ${inside(value)},`)

function* rows(name: string, of: Iterable<Difference>): Iterable<string> {
  let before: string | null = null
  for (const one of of) {
    yield before === null ? `  "${name}": [` : `${before},`
    before = `    ${inside({ says: KINDS[one.kind].says, ...one }).replaceAll('\n', '\n  ')}`
  }
  yield* before === null ? [`  "${name}": [],`] : [before, '  ],']
}
