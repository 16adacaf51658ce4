import { type Database, DatabaseUnavailable } from '../db.ts'

/** Why a request of a run was not made. */
export const SPENT = 'the requests of this run are spent'

/** Requests kept for ending the run's leases, and for one retry of that. */
const RESERVE = 2

/**
 * The requests that one scheduled run may make. Cloudflare ends a run that makes more, in the middle of whatever it
 * does. Retries count too.
 */
export class Budget {
  left: number
  /** Whether a request was not made because all were spent. A library may have turned that into another error. */
  refused = false
  readonly #through: typeof fetch
  readonly #until: number

  constructor(
    requests: number,
    through: typeof fetch = (input, init) => fetch(input, init),
    until = Number.POSITIVE_INFINITY,
  ) {
    this.left = requests
    this.#through = through
    this.#until = until
  }

  /**
   * Returns a budget of at most this many of these requests, none of them after a moment. What it spends is spent here
   * too.
   */
  part(most: number, until: number): Budget {
    return new Budget(Math.min(most, this.forTasks) + RESERVE, this.fetch, until)
  }

  /** The requests that tasks may still make. */
  get forTasks(): number {
    return Date.now() < this.#until ? Math.max(0, this.left - RESERVE) : 0
  }

  /** Returns the database within this budget. Once the budget is spent, queries throw DatabaseUnavailable. */
  database(db: Database, left: () => number = () => this.forTasks): Database {
    return {
      ...db,
      query: async <Row>(text: string, parameters?: string[]) => {
        if (left() <= 0) {
          this.refused = true
          throw new DatabaseUnavailable(SPENT, false)
        }
        this.left--
        return await db.query<Row>(text, parameters)
      },
    }
  }

  /** `fetch` within this budget. */
  readonly fetch: typeof fetch = async (input, init) => {
    if (this.forTasks <= 0) {
      this.refused = true
      throw new Error(SPENT)
    }
    this.left--
    return await this.#through(input, init)
  }
}
