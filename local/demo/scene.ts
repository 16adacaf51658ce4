import type { Facts } from './compare.ts'
import type { Stage } from './play.ts'
import type { Line } from './table.ts'

/** A line of a story, what must come of it, and how to play it. */
export interface Scene extends Line {
  promised: Facts
  play(): Promise<Facts>
}

/**
 * Makes a scene from what is done, the responses that it must get, and the balance and the database requests after
 * it.
 */
export type MakeScene = (
  says: string,
  sent: string,
  act: () => Promise<string[]>,
  answers: string[],
  balance: number,
  requests?: number,
) => Scene

export interface Story {
  scenes(stage: Stage): Scene[]
  /** Whether the app is told what happens. */
  listens?: boolean
  /** Whether the queue is bound. */
  spills?: boolean
  /** Whether Clerk can be asked for users. */
  readsUsers?: boolean
  /** How many wallets there are in the end. */
  wallets: number
}
