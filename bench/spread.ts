import { styleText } from 'node:util'
import type { Ratio } from './ratios.ts'
import { quantile } from './statistics.ts'
import type { Rule } from './targets.ts'

/** A figure over several runs. */
export interface Spread extends Ratio {
  /** The median, which is what a target is held to. */
  value: number
  min: number
  max: number
}

/** One list of figures for each run, of the same figures each. */
export function spreadOf(runs: Ratio[][]): Spread[] {
  const [first = []] = runs
  return first.map(({ name }, index) => {
    const values = runs.map((run) => run[index]?.value ?? Number.NaN)
    return { name, value: quantile(values, 0.5), min: quantile(values, 0), max: quantile(values, 1) }
  })
}

/** The rules of several runs as one, which holds where the median does. */
export function rulesOver(runs: Rule[][]): Rule[] {
  const medians = spreadOf(runs)
  return (runs[0] ?? []).map((rule, index) => ({ ...rule, value: medians[index]?.value ?? Number.NaN }))
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
