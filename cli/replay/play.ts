import { setTimeout } from 'node:timers/promises'
import pg from 'pg'
import { statementOf } from '../../src/webhook/commit.ts'
import type { Decided, Side } from './side.ts'

/** The results of the deliveries that were played into a database. */
export interface Results {
  /** By provider and id. */
  get(key: string): Result | undefined
}

export interface Result {
  outcome: string
  reason: string | null
  /** The sum of its ledger entries, in credits. */
  credits: number
}

export const keyOf = ({ provider, event_id }: { provider: string; event_id: string }) =>
  `${provider} ${event_id}`

const LOCKED = new Set(['40001', '40P01'])
const PAUSE_MS = 20

/** Plays deliveries into a database of its own, one after another, each by its verb, as the Worker does. */
export class Player {
  readonly client: pg.Client
  private readonly failed = new Map<string, string>()

  private constructor(client: pg.Client) {
    this.client = client
  }

  static async open(url: string): Promise<Player> {
    const client = new pg.Client(url)
    client.on('error', () => {})
    await client.connect()
    return new Player(client)
  }

  /** Commits a decision without its payload. If the database refuses it, the error's code becomes the result. */
  async play({ delivery, decision, threw }: Decided, { settings }: Side): Promise<void> {
    const key = keyOf({ provider: delivery.provider, event_id: delivery.eventId })
    if (threw !== null) this.failed.set(key, threw)
    if (decision === null) return
    const { verb, facts, delivery: document } = await statementOf(delivery, decision, settings)
    const called = `select ledgerhook.${pg.escapeIdentifier(verb)}($1::jsonb, $2::jsonb)`
    const failure = await this.attempt(called, [document, JSON.stringify(facts)])
    if (failure) this.failed.set(key, failure)
  }

  private async attempt(statement: string, values: string[]): Promise<string | undefined> {
    for (;;) {
      try {
        await this.client.query(statement, values)
        return undefined
      } catch (error) {
        const { code = 'unknown' } = error as { code?: string }
        if (!LOCKED.has(code)) return code
        await setTimeout(PAUSE_MS)
      }
    }
  }

  /** Releases what a commit had to defer, as the scheduled run does. */
  async settle(): Promise<void> {
    const release = `select ledgerhook.release_arrived('{"most": 1000, "erase": false}')->>'more' as more`
    for (let more = true; more; )
      more = (await this.client.query<{ more: string }>(release)).rows[0]?.more === 'true'
  }

  async results(): Promise<Results> {
    type Row = Result & { key: string; credits: string }
    const { rows } = await this.client.query<Row>(`
      select provider || ' ' || event_id as key, outcome, reason, coalesce(credits, 0) as credits
      from ledgerhook.webhook_events left join (
        select event_id, sum(amount) as credits from ledgerhook.credit_ledger group by 1) moved using (event_id)`)
    const results = new Map(rows.map(({ key, ...row }) => [key, { ...row, credits: Number(row.credits) }]))
    for (const [key, reason] of this.failed) results.set(key, { outcome: 'failed', reason, credits: 0 })
    return results
  }

  async close(): Promise<void> {
    await this.client.end().catch(() => {})
  }
}
