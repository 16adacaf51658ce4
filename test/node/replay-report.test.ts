import { expect, it } from 'vitest'
import { comparedInLines, playedInLines } from '../../cli/replay/report.ts'

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
  expect(played([row])[1]).toBe('1 row is stored otherwise')
})
