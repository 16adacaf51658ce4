import { inject } from 'vitest'

const { runs, seed, isRepeated } = inject('histories')

/**
 * The number of histories that a run plays: HISTORIES, by default 100. Tests with long histories play a part of them.
 */
export const HISTORIES = runs

/**
 * Returns options for `fc.assert` with this many random cases. By default they are the same in each run, so that a
 * failure comes from the change and not from luck; with HISTORIES they are new. Shrinking takes minutes, so it is only
 * for a run that repeats a failure by its SEED.
 */
export const playing = (numRuns: number) => ({
  numRuns,
  ...(seed !== null && { seed }),
  ...(!isRepeated && { endOnFailure: true }),
})
