import { styleText } from 'node:util'
import type { Ratio } from './ratios.ts'
import { median } from './statistics.ts'
import type { Rule } from './targets.ts'

/** A figure over several runs. */
export interface Spread extends Ratio {
  /** The median, which is compared with the target. */
  value: number
  min: number
  max: number
}

/** Returns the spread of each figure. `runs` has one list per run, without the figures that the run could not take. */
export function spreadOf(runs: Ratio[][]): Spread[] {
  const names = [...new Set(runs.flat().map(({ name }) => name))]
  return names.map((name) => {
    const values = runs.flat().flatMap((figure) => (figure.name === name ? [figure.value] : []))
    return { name, value: median(values), min: Math.min(...values), max: Math.max(...values) }
  })
}

/** Merges the rules of several runs: a merged rule compares the median with the limit. */
export function rulesOver(runs: Rule[][]): Rule[] {
  const medians = new Map(spreadOf(runs).map(({ name, value }) => [name, value]))
  return (runs[0] ?? []).map((rule) => ({ ...rule, value: medians.get(rule.name) ?? Number.NaN }))
}

/** Returns a table of the median, the minimum and the maximum of each figure. */
export function spreadTable(spreads: Spread[], runs: number): string {
  const width = Math.max(...spreads.map(({ name }) => name.length))
  const lines = spreads.map(({ name, value, min, max }) =>
    [name.padEnd(width), ...[value, min, max].map((figure) => figure.toFixed(3).padStart(8))].join('  '),
  )
  const head = styleText('dim', `${''.padEnd(width)}    median       min       max`)
  return [styleText('bold', `Over ${runs} runs`), head, ...lines].join('\n')
}
