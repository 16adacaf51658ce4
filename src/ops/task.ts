import type { Database } from '../db.ts'
import type { Settings } from '../settings.ts'
import type { Budget } from './budget.ts'

export interface Run {
  settings: Settings
  db: Database
  budget: Budget
  /** The names of every task there is. */
  taskNames: string[]
}

export interface Bite {
  /** Whether another bite would find something. */
  more: boolean
  /** Where it would begin. */
  cursor?: unknown
  /** Seconds until its next turn, if that differs from the usual. */
  inS?: number
}

/** Work of the scheduled run. Every bite has a limit, may be done twice, and fails without affecting other tasks. */
export interface Task {
  name: string
  /** Seconds between a turn that left nothing to do and the next. */
  everyS: number
  /** The most requests of a turn, so that every task gets its share. */
  share: number
  /** The requests that a bite may need: with fewer left, none begins. */
  least: number
  bite(run: Run, cursor: unknown): Promise<Bite>
}
