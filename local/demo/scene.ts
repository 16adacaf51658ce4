import type { Facts } from './compare.ts'
import type { Stage } from './play.ts'
import type { Scene as Line } from './table.ts'

/** A line of a story: what happens, and what must come of it. */
export interface Scene extends Line {
  promised: Facts
  play(): Promise<Facts>
}

export interface Story {
  scenes(stage: Stage): Scene[]
  /** How many there are in the end. */
  wallets: number
}
