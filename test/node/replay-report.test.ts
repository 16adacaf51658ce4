import { expect, it } from 'vitest'
import type { Difference } from '../../cli/replay/compare.ts'
import { differsByNewFacts, type FactNames, noteFacts } from '../../cli/replay/new-facts.ts'
import { comparedInLines, isSame, playedInLines } from '../../cli/replay/report.ts'
import type { Effect } from '../../src/db.ts'

const unjudged = { erased: 0, without_payload: 0, waiting: 0 }
const row = { table: 'wallets', id: 'user_ada', columns: ['credits'] }
const said = (decided: number, rows: number, changes = true) =>
  comparedInLines(
    'localhost',
    new Date('2026-11-26T09:00:00Z'),
    {
      decided,
      unjudged,
      differences: [],
      rows: Array.from({ length: rows }, () => row),
    },
    changes,
  )

it('one delivery and one row are told apart from several', () => {
  expect(said(1, 1)).toEqual([
    'localhost: 1 delivery since 2026-11-26T09:00Z, 0 differ',
    '1 row would differ',
    '  wallets user_ada: credits',
  ])
  expect(said(4217, 2).slice(0, 2)).toEqual([
    'localhost: 4,217 deliveries since 2026-11-26T09:00Z, 0 differ',
    '2 rows would differ',
  ])
})

it('without --base and --var, nothing can differ: it says so, since npm keeps `--on` to itself without a trace', () => {
  expect(said(2, 0, false)).toEqual([
    'localhost: 2 deliveries since 2026-11-26T09:00Z, 0 differ',
    'Nothing could differ: both sides are this code, with the same settings. --base or --var says what to compare',
  ])
})

it('--on says so when nothing differs', () => {
  const played = (stored: (typeof row)[]) =>
    playedInLines('localhost', {
      played: 1,
      shuffled: [],
      stored,
      unjudged: { erased: 0, without_payload: 0, users: 0 },
    })
  expect(played([])).toEqual([
    'localhost: 1 delivery played as received, and shuffled',
    'Nothing differs: both orders lead to the rows that are stored',
  ])
  expect(played([row])[1]).toBe('1 row differs from the stored one')
})

it('new facts are counted apart, by verb, and are no difference of effect', () => {
  const news = (verb: string, ...facts: string[]): Difference => ({
    provider: 'stripe',
    event: 'evt_1',
    type: 'customer.updated',
    user: null,
    verb: [verb, verb],
    facts,
    verdict: ['applied', 'applied'],
    credits: [0, 0],
    only_new_facts: true,
  })
  const differences = [
    news('link_customer', 'created nothing → 1795735753'),
    news('link_customer', 'created nothing → 1795735754', 'since'),
    news('settle_session', 'created nothing → null'),
  ]
  const found = { decided: 26, unjudged, differences, rows: [] }
  expect(comparedInLines('localhost', new Date('2026-11-26T09:00:00Z'), found, true)).toEqual([
    'localhost: 26 deliveries since 2026-11-26T09:00Z, 0 differ',
    '3 have new facts, with the same effect',
    '  2 × link_customer: created, since',
    '  1 × settle_session: created',
  ])
  expect([isSame(found), isSame({ ...found, rows: [row] })]).toEqual([true, false])
  const other = { ...news('link_customer', 'created 1 → 2'), only_new_facts: false }
  expect(isSame({ ...found, differences: [...differences, other] })).toBe(false)
})

it.each([
  [{ a: 1 }, { a: 1, b: 2 }, true],
  [{ a: 1, b: null }, { a: 1 }, true],
  // What this side lost.
  [{ a: 1, b: 2 }, { a: 1 }, false],
  [{ a: 1, b: 2 }, { a: 1, c: 2 }, false],
  [{ a: 1, b: { c: 2 } }, { a: 1 }, false],
  [{ a: 1, b: null }, { a: 1, c: 2 }, true],
  [{ a: { b: 1 } }, { a: { b: 1, c: { d: 2 } } }, true],
  [{ a: 1 }, { a: 2 }, false],
  [{ a: 1 }, { a: 2, b: 2 }, false],
  [{ a: 1 }, { a: 1 }, false],
  // An element more of a known list, and what was null or empty.
  [{ of: [{ a: 1 }] }, { of: [{ a: 1 }, { a: 2 }] }, false],
  [{ of: [] }, { of: [{ a: 1 }] }, false],
  [{ a: null }, { a: { b: 1 } }, false],
  // Another delivery has it.
  [{ a: 1 }, { a: 1, elsewhere: 2 }, false],
])('from %j to %j, only facts are new: %s', (base, now, expected) => {
  const effectOf = (facts: object) => ({ verb: 'sync_user', facts }) as unknown as Effect
  const known: [FactNames, FactNames] = [new Set(), new Set()]
  noteFacts(known[0], effectOf({ elsewhere: 1 }))
  noteFacts(known[0], effectOf(base))
  noteFacts(known[1], effectOf(now))
  expect(differsByNewFacts([effectOf(base), effectOf(now)], known)).toBe(expected)
})
