import { expect, it } from 'vitest'
import { parseCsv } from '../../cli/shared/csv.ts'

const LINES = ['user_id,note', 'user_ada,"two', 'lines"', '', 'user_bob,one']

it.each([
  ['of Unix', '\n'],
  ['of Windows', '\r\n'],
  ['of old spreadsheets for the Mac', '\r'],
])('a CSV file may have the line ends %s, and its lines are counted by them', (_, end) => {
  expect(parseCsv(LINES.join(end))).toEqual({
    records: [
      { line: 1, fields: ['user_id', 'note'] },
      { line: 2, fields: ['user_ada', `two${end}lines`] },
      { line: 5, fields: ['user_bob', 'one'] },
    ],
    problem: null,
  })
})
