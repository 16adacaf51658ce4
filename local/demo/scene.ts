import type { Facts } from './compare.ts'
import type { Stage } from './play.ts'
import type { Line } from './table.ts'

/** A line of a story, the promised result, and how to play it. */
export interface Scene extends Line {
  promised: Facts
  play(): Promise<Facts>
}

/** Makes a scene from an action, its promised responses, and the balance and number of database requests after it. */
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
  /** Whether the app receives events. */
  listens?: boolean
  /** Whether the queue is bound. */
  spills?: boolean
  /** Whether Clerk can be asked for users. */
  readsUsers?: boolean
  /** The number of wallets at the end. */
  wallets: number
}
