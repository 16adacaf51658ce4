import type { HotEvent } from './deliveries.ts'

/** The Workers that the bench compares: see `bench/workers`. */
export const CONTENDERS = ['floor', 'writes', 'ledgerhook', 'tutorial'] as const
export type Contender = (typeof CONTENDERS)[number]

/** Returns the contenders that handle this event. The bare writes and the tutorial's handler know only top-ups. */
export const contendersOf = ({ name }: HotEvent): Contender[] =>
  name === 'top-up' ? [...CONTENDERS] : ['floor', 'ledgerhook']

/** Returns the outcome that a contender reports when it has done its work. */
export const outcomeOf = (hot: HotEvent, contender: Contender): string =>
  contender === 'ledgerhook' ? hot.outcome : 'applied'
