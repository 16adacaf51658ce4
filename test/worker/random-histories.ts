import { inject } from 'vitest'

const { runs, seed, isRepeated } = inject('histories')

/** How many histories a run plays: HISTORIES, by default 100. Tests whose histories are long play a part of them. */
export const HISTORIES = runs

/**
 * So many random cases for `fc.assert`. The gate plays the same ones each time, so that it tells of the change and not of
 * luck; with HISTORIES they are new ones. Shrinking takes minutes: only for a run that repeats a failure by its SEED.
 */
export const playing = (numRuns: number) => ({
  numRuns,
  ...(seed !== null && { seed }),
  ...(!isRepeated && { endOnFailure: true }),
})
