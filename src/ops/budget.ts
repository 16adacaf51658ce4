import { type Database, DatabaseUnavailable } from '../db.ts'

/** Why a request of a run was not made. */
export const SPENT = 'the requests of this run are spent'

/** Kept for what ends a run: its leases. Once more, should the first attempt be lost. */
const RESERVE = 2

/**
 * The requests that one scheduled run may make. Cloudflare ends a run that makes more, in the midst of whatever it
 * does. Retries count too.
 */
export class Budget {
  left: number

  constructor(requests: number) {
    this.left = requests
  }

  /** What tasks may still spend. */
  get forTasks(): number {
    return Math.max(0, this.left - RESERVE)
  }

  /** The database within this budget. Once that is spent, its queries throw DatabaseUnavailable. */
  database(db: Database, left: () => number = () => this.forTasks): Database {
    return {
      ...(db.outgoing && { outgoing: db.outgoing }),
      query: async <Row>(text: string, parameters?: string[]) => {
        if (left() <= 0) throw new DatabaseUnavailable(SPENT, false)
        this.left--
        return await db.query<Row>(text, parameters)
      },
    }
  }

  /** `fetch` within this budget. */
  readonly fetch: typeof fetch = async (input, init) => {
    if (this.forTasks <= 0) throw new Error(SPENT)
    this.left--
    return await fetch(input, init)
  }
}
