import { styleText } from 'node:util'
import { counted } from '../shared/counted.ts'
import type { Finding } from './check.ts'
import { checklistInLines, howToSet, type Item } from './checklist.ts'
import type { Examined } from './examine.ts'

export interface Report {
  /** The Worker's address. */
  url: string
  /** Host and port of the database. Null if it is not known. */
  database_host: string | null
  /** The environment of wrangler.toml. Null for a Worker on this machine. */
  environment: string | null
  checks: Examined[]
  checklist: Item[]
  /** What `--fix` did. */
  fixed: string[]
}

export const isWell = ({ checks }: Report) => checks.every(({ finding }) => finding.result !== 'fail')

const MARKS = { pass: ['green', '✓'], warn: ['yellow', '!'], fail: ['red', '✗'] } as const

/** Returns the report for a person. A check that needs no action is one line. */
export function inWords(report: Report): string {
  const { url, database_host, checks, checklist, fixed } = report
  const groups = [...new Set(checks.map(({ group }) => group))]
  const lines = [
    `${url}${database_host ? `, database at ${database_host}` : ''}`,
    ...fixed.map((text) => `${styleText('green', 'fixed')}  ${text}`),
    ...groups.flatMap((group) => [
      '',
      styleText('bold', group),
      ...inLines(checks.filter((check) => check.group === group)),
    ]),
    '',
    styleText('bold', 'what can be set'),
    `  ${howToSet(report.environment)}`,
    ...checklistInLines(checklist),
    '',
    sum(checks),
  ]
  return lines.join('\n')
}

/**
 * Puts checks with the same finding on one line. Only the check that blocked the others says what the failure costs.
 */
function inLines(group: Examined[]): string[] {
  const blind = new Map<string, Examined[]>()
  for (const check of group.filter(({ finding }) => finding.result === 'warn' && finding.isBlind)) {
    const same = `${check.finding.says}: ${'do' in check.finding ? check.finding.do : ''}`
    blind.set(same, [...(blind.get(same) ?? []), check])
  }
  const seen = group.filter(({ finding }) => finding.result !== 'warn' || !finding.isBlind)
  const others = [...blind].map(([same, checks]) =>
    line('warn', `${checks.length} not examined`, `${same} (${checks.map(({ name }) => name).join(', ')})`),
  )
  return [...seen.flatMap(ofOne), ...others]
}

const line = (result: Finding['result'], name: string, says: string) =>
  `  ${styleText(MARKS[result][0], MARKS[result][1])} ${name.padEnd(25)} ${says}`

function ofOne({ name, finding, costs }: Examined): string[] {
  const first = line(finding.result, name, finding.says)
  if (finding.result === 'pass') return [first]
  const indent = ' '.repeat(30)
  return [first, `${indent}costs: ${costs}`, `${indent}do: ${finding.do}`]
}

function sum(checks: Examined[]): string {
  const count = (result: Finding['result']) =>
    checks.filter(({ finding }) => finding.result === result).length
  return `${count('pass')} passed, ${counted(count('warn'), 'warning')}, ${count('fail')} failed`
}

export function inJson(report: Report): string {
  const checks = report.checks.map(({ group, name, finding, costs }) => ({ group, name, ...finding, costs }))
  return JSON.stringify({ ok: isWell(report), ...report, checks }, null, 2)
}
