import { countedApart } from '../shared/counted.ts'
import type { Compared, Difference } from './compare.ts'
import type { Played } from './on.ts'
import type { DifferingRow } from './rows.ts'

/** The number of rows of one kind that are printed. The JSON has all of them. */
const MOST = 5

/** @param changes whether a flag says how the two sides differ */
export function comparedInLines(host: string, since: Date, compared: Compared, changes: boolean): string[] {
  const { decided, differences, rows, unjudged } = compared
  const differing = differences.filter(isOfEffect)
  const kinds = Map.groupBy(differing, kindOf)
  return [
    `${host}: ${countedApart(decided, 'delivery', 'deliveries')} since ${since.toISOString().slice(0, 16)}Z, ${countedApart(differing.length, 'differs', 'differ')}`,
    ...[...kinds].flatMap(([kind, of]) => [summary(kind, of), ...few(of, inLine)]),
    ...newFactLines(differences.filter((one) => !isOfEffect(one))),
    ...rowLines(['row would differ', 'rows would differ'], rows),
    ...(changes
      ? []
      : [
          'Nothing could differ: both sides are this code, with the same settings. --base or --var says what to compare',
        ]),
    ...notJudged([
      [unjudged.without_payload, 'without a payload'],
      [unjudged.erased, 'of users whose erasure was asked for'],
      [unjudged.waiting, 'whose past is not stored, or for which Stripe was asked'],
    ]),
  ]
}

export function playedInLines(host: string, found: Played): string[] {
  const { played, shuffled, stored, unjudged } = found
  return [
    `${host}: ${countedApart(played, 'delivery', 'deliveries')} played as received, and shuffled`,
    ...(isSame(found) ? ['Nothing differs: both orders lead to the rows that are stored'] : []),
    ...rowLines(['row differs when shuffled', 'rows differ when they are shuffled'], shuffled),
    ...rowLines(['row differs from the stored one', 'rows differ from the stored ones'], stored),
    ...notJudged([
      [unjudged.without_payload, 'deliveries without a payload'],
      [unjudged.erased, 'deliveries of users whose erasure was asked for'],
      [
        unjudged.users,
        'users of whom a part of the history is gone, came by no delivery, or was settled by hand',
      ],
    ]),
  ]
}

/** Whether more differs than new facts. */
const isOfEffect = ({ only_new_facts }: Difference) => !only_new_facts

/** Whether the two sides have the same results. */
export const isSame = (found: Compared | Played): boolean =>
  'differences' in found
    ? found.differences.filter(isOfEffect).length + found.rows.length === 0
    : found.shuffled.length + found.stored.length === 0

function newFactLines(differences: Difference[]): string[] {
  if (differences.length === 0) return []
  const verbs = [...Map.groupBy(differences, ({ verb: [verb] }) => verb)].map(([verb, of]) => {
    const names = new Set(of.flatMap(({ facts }) => facts.map((fact) => fact.split(' ')[0])))
    return `  ${number(of.length)} × ${verb}: ${[...names].join(', ')}`
  })
  const has = countedApart(differences.length, 'has', 'have')
  return [`${has} new facts, with the same effect`, ...verbs]
}

const kindOf = ({ provider, type, verb, verdict }: Difference) =>
  `${provider} ${type ?? '(no type)'}: ${change(verb)}, ${change(verdict)}`

const change = ([was, is]: [string, string]) => (was === is ? is : `${was} → ${is}`)

function summary(kind: string, of: Difference[]): string {
  const credits = of.reduce((sum, { credits: [was, is] }) => sum + is - was, 0)
  const sum =
    credits === 0
      ? 'the same credits'
      : `${number(Math.abs(credits))} credits ${credits > 0 ? 'more' : 'less'}`
  return `${number(of.length)} × ${kind}: ${sum}`
}

function inLine({ event, user, facts, credits: [was, is] }: Difference): string {
  const moved = was === is ? '' : `  ${signed(was)} → ${signed(is)} credits`
  const about = facts.length > MOST ? [...facts.slice(0, MOST), '…'] : facts
  return `  ${event}  ${user ?? '(nobody)'}${moved}${about.length > 0 ? `  ${about.join(', ')}` : ''}`
}

function rowLines([one, many]: [string, string], rows: DifferingRow[]): string[] {
  if (rows.length === 0) return []
  const line = ({ table, id, columns, credits }: DifferingRow) => {
    const names = columns.length === 0 ? 'is on one side only' : columns.join(', ')
    return `  ${table} ${id}: ${names}${credits ? ` ${credits[0]} → ${credits[1]}` : ''}`
  }
  return [`${countedApart(rows.length, one, many)}`, ...few(rows, line)]
}

function few<T>(of: T[], inWords: (one: T) => string): string[] {
  const rest = of.length - MOST
  return [
    ...of.slice(0, MOST).map(inWords),
    ...(rest > 0 ? [`  and ${number(rest)} more: --json lists them`] : []),
  ]
}

function notJudged(counts: [number, string][]): string[] {
  const some = counts.filter(([count]) => count > 0).map(([count, why]) => `${number(count)} ${why}`)
  return some.length === 0 ? [] : [`not judged: ${some.join('; ')}`]
}

const number = (count: number) => count.toLocaleString('en')
const signed = (credits: number) => (credits > 0 ? `+${credits}` : String(credits))
