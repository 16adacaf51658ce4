import { basename } from 'node:path'
import { describe, expect, it } from 'vitest'
import { decisions, read } from './sources.ts'

const RELATIONS = ['supersedes', 'superseded by', 'amends', 'amended by'] as const
type Relation = (typeof RELATIONS)[number]

/** What the head of a decision's file says. */
interface Decision {
  file: string
  number: string
  title: string
  date: string
  isSuperseded: boolean
  /** The numbers of other decisions. */
  others: Record<Relation, string[]>
}

const INDEX = 'docs/decisions/README.md'
const HEAD = /^# (\d+)\. (.+)\n\n\*\*Date\*\* (\S+) · \*\*Status\*\* ((?:accepted|superseded)[\s\S]*?)\n\n/

function headOf(path: string): Decision {
  const [, number = '', title = '', date = '', status = ''] = HEAD.exec(read(path)) ?? []
  expect(number, `${path} begins with a number, a title, a date and a status`).not.toBe('')
  const others: Decision['others'] = { supersedes: [], 'superseded by': [], amends: [], 'amended by': [] }
  let relation: Relation | undefined
  for (const [word, other] of status
    .replaceAll('\n', ' ')
    .matchAll(/supersede[sd](?: by)?|amend(?:s|ed by)|\[(\d+)\]/g))
    if (other === undefined) relation = RELATIONS.find((known) => known === word)
    else if (relation) others[relation].push(other)
  return { file: basename(path), number, title, date, isSuperseded: status.startsWith('superseded'), others }
}

const heads = decisions.filter((path) => path !== INDEX).map(headOf)

const listed = (numbers: string[]) =>
  [numbers.slice(0, -1).join(', '), numbers.at(-1)].filter(Boolean).join(' and ')

/** Returns the lines that the list of decisions should have for one. */
function linesOf({ file, number, title, date, isSuperseded, others }: Decision): string {
  const later = listed(others[isSuperseded ? 'superseded by' : 'amended by'])
  const status = isSuperseded ? `**superseded** by ${later}` : `accepted${later && `; amended by ${later}`}`
  return `${number}. [${title}](${file})\\\n   ${date}, ${status}\n`
}

const told = (relation: Relation, back: Relation) =>
  heads.flatMap(({ number, others }) =>
    others[relation].map((other) => ({
      number,
      other,
      says: `${relation} ${other}`,
      answer: `${back} ${number}`,
    })),
  )

describe('decisions', () => {
  it.each(heads)('$number is in the list with its title, its date and its status', (decision) => {
    expect(`${read(INDEX)}\n`).toContain(linesOf(decision))
  })

  it.each([
    ...told('amends', 'amended by'),
    ...told('amended by', 'amends'),
    ...told('supersedes', 'superseded by'),
    ...told('superseded by', 'supersedes'),
  ])('$number $says, which says so too: $answer', ({ other, number, answer }) => {
    const relation = answer.replace(/ \d+$/, '') as Relation
    expect(heads.find((head) => head.number === other)?.others[relation]).toContain(number)
  })
})
