import type { Database } from '../db.ts'
import type { Settings } from '../settings.ts'
import type { Budget } from './budget.ts'

export interface Run {
  settings: Settings
  db: Database
  budget: Budget
}

export interface Bite {
  /** Whether another bite would find something. */
  more: boolean
  /** Where it would begin. */
  cursor?: unknown
  /** Seconds until its next turn, where that is not the usual. */
  inS?: number
}

/** Work of the scheduled run. Every bite has a limit, may be done twice, and fails alone. */
export interface Task {
  name: string
  /** Seconds between a turn that has left nothing and the next. */
  everyS: number
  /** The most requests that a turn makes, so that every task has its own. */
  share: number
  /** The requests that a bite may take: with fewer left none begins. */
  least: number
  bite(run: Run, cursor: unknown): Promise<Bite>
}
