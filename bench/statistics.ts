/** The value that this share of the values does not exceed; the nearest one that was measured. */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new Error('no values')
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] as number
}

export const median = (values: readonly number[]) => quantile(values, 0.5)

export const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
