import { inject } from 'vitest'

const { runs, seed } = inject('histories')

/** How many histories a run plays: HISTORIES, by default 200. Tests whose histories are long play a part of them. */
export const HISTORIES = runs

/** So many histories for `fc.assert`. Shrinking takes minutes: only for a run that repeats a failure by its SEED. */
export const playing = (numRuns: number) => ({
  numRuns,
  ...(seed === null ? { endOnFailure: true } : { seed, endOnFailure: true }),
})
