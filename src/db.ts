import { neon, neonConfig } from '@neondatabase/serverless'
import { attempt, DatabaseUnavailable, hasTime } from './attempt.ts'

export { attempt, DatabaseUnavailable, hasTime }

/** An event for your app, as the database returns it. */
export interface OutgoingEvent {
  id: string
  type: string
  user_id: string | null
  sequence: number
  data: Record<string, unknown>
  created_at: string
  tries: number
}

export interface Database {
  /**
   * How your app gets its events: `options` is what the database needs to know about them, as JSON, and `send` takes
   * the events that a statement leaves to this Worker to send. If it is not set, no event is written.
   */
  outgoing?: { options: string; send(events: OutgoingEvent[]): void }
  /**
   * `CREDIT_SINCE`, if it is set: a delivery that was parked before the setting existed is checked against it when it
   * is released.
   */
  creditSince?: string
  /** When the work began, in milliseconds, if several calls share the 8 s of one. */
  startedAt?: number
  /**
   * Runs one statement in one request. It does not retry; `call` and `attempt` do. Parameters are text, or documents as
   * JSON.
   * @param withinMs milliseconds after which the request is aborted
   */
  query<Row>(text: string, parameters?: string[], withinMs?: number): Promise<Row[]>
}

/**
 * What a delivery does to the database: a verb, which is a database function in a SQL file of our rooms, and the facts
 * it acts on. Facts are ids, amounts and what a table of ours keeps, never a provider's own object.
 */
export interface Effect {
  verb: string
  facts: Record<string, unknown>
}

/** Longer than a Neon compute takes to wake, short enough to try again before the provider gives up. */
const ATTEMPT_MS = 3_000

/** The address of the database. */
interface Address {
  DATABASE_URL: string
  /** Where SQL over HTTP goes instead of Neon: the local gateway. */
  NEON_FETCH_ENDPOINT?: string | undefined
}

const databases = new WeakMap<Address, Database>()

/**
 * Returns the database of these settings, over HTTP. It opens nothing until a query runs, and each query is one
 * request.
 */
export function connect(settings: Address): Database {
  const database = databases.get(settings) ?? overHttp(settings)
  databases.set(settings, database)
  return database
}

function overHttp({ DATABASE_URL, NEON_FETCH_ENDPOINT }: Address): Database {
  const sql = neon(DATABASE_URL)
  return {
    async query<Row>(text: string, parameters: string[] = [], withinMs = ATTEMPT_MS) {
      // The driver has only one such option, for all connections; a Worker has one database.
      if (NEON_FETCH_ENDPOINT) neonConfig.fetchEndpoint = NEON_FETCH_ENDPOINT
      // A redirect would carry the connection string, which is in a header, to wherever it points.
      const fetchOptions = { signal: AbortSignal.timeout(withinMs), redirect: 'manual' }
      return (await sql.query(text, parameters, { fetchOptions })) as Row[]
    },
  }
}

/** Returns the same database without retries: each query is made once, and aborted after this many milliseconds. */
export function once(db: Database, withinMs: number): Database {
  return {
    ...db,
    query: (text, parameters) => attempt(() => db.query(text, parameters, withinMs), Date.now(), []),
  }
}

/**
 * Runs one verb in one request and returns its verdict.
 * @param delivery a document, as JSON
 * @param startedAt when the work began, in milliseconds, if an earlier step has spent some of the time
 * @throws DatabaseUnavailable within 8 s
 */
export async function run<Verdict>(
  db: Database,
  delivery: string,
  { verb, facts }: Effect,
  startedAt = db.startedAt ?? Date.now(),
): Promise<Verdict> {
  return await callWith<Verdict>(db, verb, [delivery, JSON.stringify(facts)], startedAt)
}

/**
 * Calls a database function of ours, whose arguments are JSON documents, in one request, and returns its result. It
 * retries failures that may pass, even if the commit succeeded and only its result was lost: our functions are
 * idempotent.
 * @throws DatabaseUnavailable within 8 s
 */
export async function call<Answer>(db: Database, name: string, documents: object[]): Promise<Answer> {
  return await callWith<Answer>(
    db,
    name,
    documents.map((document) => JSON.stringify(document)),
    db.startedAt ?? Date.now(),
  )
}

async function callWith<Answer>(
  db: Database,
  name: string,
  documents: string[],
  startedAt: number,
): Promise<Answer> {
  const given = documents.map((_, index) => `$${index + 1}::jsonb`).join(', ')
  const called = within(db, `ledgerhook."${name.replaceAll('"', '""')}"(${given})`, documents)
  if (db.outgoing) return await callTelling(db, db.outgoing, called, documents, startedAt)
  const statement = inOnePiece('select ', called, ' as answer')
  const rows = await attempt(() => db.query<{ answer: Answer | null }>(statement, documents), startedAt)
  return answered(rows[0]?.answer)
}

/** Returns the call with CREDIT_SINCE set for it, in the same statement. `case` guarantees the order of evaluation. */
function within({ creditSince }: Database, called: string, documents: string[]): string {
  if (creditSince === undefined) return called
  const setting = `set_config('ledgerhook.credit_since', $${documents.push(creditSince)}, true)`
  return `case when ${setting} is not null then ${called} end`
}

/**
 * Makes the call in a statement that also returns the events for your app, and sends them. `case` and a function's
 * argument guarantee the order of evaluation.
 */
async function callTelling<Answer>(
  db: Database,
  { options, send }: NonNullable<Database['outgoing']>,
  called: string,
  documents: string[],
  startedAt: number,
): Promise<Answer> {
  const setting = `set_config('ledgerhook.events', $${documents.length + 1}, true)`
  const told = `case when ${setting} is not null then ${called} end`
  const statement = inOnePiece('select ledgerhook.with_outgoing(', told, ') as told')
  type Told = { answer: Answer | null; outgoing: OutgoingEvent[] }
  const [row] = await attempt(() => db.query<{ told: Told }>(statement, [...documents, options]), startedAt)
  const answer = answered(row?.told.answer)
  if (row && row.told.outgoing.length > 0) send(row.told.outgoing)
  return answer
}

/**
 * Returns the pieces as one flat string. V8 keeps a template's result in pieces, and turning such a string into JSON
 * costs several times as much. That counts for a statement and its parameters, one of which contains a whole body.
 */
export const inOnePiece = (...pieces: string[]): string => pieces.join('')

/** No function of ours returns null: if there is none, something between here and the database has lost the result. */
function answered<Answer>(answer: Answer | null | undefined): Answer {
  if (answer === undefined || answer === null) throw new DatabaseUnavailable('no answer', false)
  return answer
}
