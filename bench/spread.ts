import { styleText } from 'node:util'
import type { Ratio } from './ratios.ts'
import { median } from './statistics.ts'
import type { Rule } from './targets.ts'

/** A figure over several runs. */
export interface Spread extends Ratio {
  /** The median, which is what a target is held to. */
  value: number
  min: number
  max: number
}

/** One list of figures for each run. A figure that a run could not take is missing there. */
export function spreadOf(runs: Ratio[][]): Spread[] {
  const names = [...new Set(runs.flat().map(({ name }) => name))]
  return names.map((name) => {
    const values = runs.flat().flatMap((figure) => (figure.name === name ? [figure.value] : []))
    return { name, value: median(values), min: Math.min(...values), max: Math.max(...values) }
  })
}

/** The rules of several runs as one, which holds where the median does. */
export function rulesOver(runs: Rule[][]): Rule[] {
  const medians = new Map(spreadOf(runs).map(({ name, value }) => [name, value]))
  return (runs[0] ?? []).map((rule) => ({ ...rule, value: medians.get(rule.name) ?? Number.NaN }))
}

/** For a person: median, least and most of each figure. */
export function spreadTable(spreads: Spread[], runs: number): string {
  const width = Math.max(...spreads.map(({ name }) => name.length))
  const lines = spreads.map(({ name, value, min, max }) =>
    [name.padEnd(width), ...[value, min, max].map((figure) => figure.toFixed(3).padStart(8))].join('  '),
  )
  const head = styleText('dim', `${''.padEnd(width)}    median       min       max`)
  return [styleText('bold', `Over ${runs} runs`), head, ...lines].join('\n')
}
