import { NeonDbError, neon, neonConfig } from '@neondatabase/serverless'

/** What your app is told, as the database hands it over. */
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
   * Where your app is told what happens: what the database needs to know for that, as JSON, and who sends the events
   * that a statement leaves to this Worker. Where it is not set, no event is written.
   */
  outgoing?: { options: string; send(events: OutgoingEvent[]): void }
  /** Runs one statement in one request, once: `call` and `attempt` try again. Parameters are texts, or documents as JSON. */
  query<Row>(text: string, parameters?: string[]): Promise<Row[]>
}

/**
 * What a delivery does to the database: a verb, which is a database function with a SQL file in our rooms, and the
 * facts it acts on. Facts are ids, amounts and what a table of ours keeps, never a provider's own object.
 */
export interface Effect {
  verb: string
  facts: Record<string, unknown>
}

/** Longer than a Neon compute takes to wake, short enough to try again before the provider gives up. */
const ATTEMPT_MS = 3_000
/** No attempt starts later than this, so that the last one ends within the 8 s that the contract promises. */
const LAST_START_MS = 4_500
const PAUSES_MS = [50, 250, 1_000]
/** A transaction that would have waited against the order of locks begins again, at once at first. */
const ROLLBACK = '40001'
const ROLLBACK_PAUSES_MS = [0, 20, 100, 500]

/** What says where the database is. */
interface Address {
  DATABASE_URL: string
  /** Where SQL-over-HTTP goes instead of to Neon: the local gateway. */
  NEON_FETCH_ENDPOINT?: string | undefined
}

const databases = new WeakMap<Address, Database>()

/** The database of these settings, over HTTP: nothing opens until a query runs, and each query is one request. */
export function connect(settings: Address): Database {
  const database = databases.get(settings) ?? overHttp(settings)
  databases.set(settings, database)
  return database
}

function overHttp({ DATABASE_URL, NEON_FETCH_ENDPOINT }: Address): Database {
  const sql = neon(DATABASE_URL)
  return {
    async query<Row>(text: string, parameters: string[] = []) {
      // The driver has this for all connections alone; a Worker has one database.
      if (NEON_FETCH_ENDPOINT) neonConfig.fetchEndpoint = NEON_FETCH_ENDPOINT
      // A redirect would carry the connection string, which is in a header, to wherever it points.
      const fetchOptions = { signal: AbortSignal.timeout(ATTEMPT_MS), redirect: 'manual' }
      return (await sql.query(text, parameters, { fetchOptions })) as Row[]
    },
  }
}

/** The database returned an error, or nothing usable. The message is a SQLSTATE, else the name of what went wrong. */
export class DatabaseUnavailable extends Error {
  override name = 'DatabaseUnavailable'
  /** Whether it may pass by itself: tried again as often as time allowed, and not a matter of this one statement. */
  readonly isTransient: boolean

  constructor(message: string, isTransient: boolean) {
    super(message)
    this.isTransient = isTransient
  }

  /**
   * Whether Postgres refused the content itself, and would refuse it every time: a value (22), a constraint (23), a
   * limit (54), or a check of ours (P0001).
   */
  get isRefusal(): boolean {
    return /^((22|23|54)...|P0001)$/.test(this.message)
  }
}

/**
 * Runs one verb in one request and returns its verdict.
 * @param delivery a document, as JSON
 * @param startedAt when the work began, milliseconds, where an earlier run has spent some of the time
 * @throws DatabaseUnavailable within 8 s
 */
export async function run<Verdict>(
  db: Database,
  delivery: string,
  { verb, facts }: Effect,
  startedAt = Date.now(),
): Promise<Verdict> {
  return await callWith<Verdict>(db, verb, [delivery, JSON.stringify(facts)], startedAt)
}

/**
 * Calls a database function of ours, whose arguments are JSON documents, in one request, and returns its result.
 * It runs again after a failure that may pass, also after a commit whose result was lost: our functions are idempotent.
 * @throws DatabaseUnavailable within 8 s
 */
export async function call<Answer>(db: Database, name: string, documents: object[]): Promise<Answer> {
  return await callWith<Answer>(
    db,
    name,
    documents.map((document) => JSON.stringify(document)),
    Date.now(),
  )
}

async function callWith<Answer>(
  db: Database,
  name: string,
  documents: string[],
  startedAt: number,
): Promise<Answer> {
  const given = documents.map((_, index) => `$${index + 1}::jsonb`).join(', ')
  const called = `ledgerhook."${name.replaceAll('"', '""')}"(${given})`
  if (db.outgoing) return await callTelling(db, db.outgoing, called, documents, startedAt)
  const rows = await attempt(
    () => db.query<{ answer: Answer | null }>(`select ${called} as answer`, documents),
    startedAt,
  )
  return answered(rows[0]?.answer)
}

/** The same in one statement that tells your app. `case` and an argument are evaluated in this order, and no other. */
async function callTelling<Answer>(
  db: Database,
  { options, send }: NonNullable<Database['outgoing']>,
  called: string,
  documents: string[],
  startedAt: number,
): Promise<Answer> {
  const setting = `set_config('ledgerhook.events', $${documents.length + 1}, true)`
  const statement = `select ledgerhook.with_outgoing(case when ${setting} is not null then ${called} end) as told`
  type Told = { answer: Answer | null; outgoing: OutgoingEvent[] }
  const [row] = await attempt(() => db.query<{ told: Told }>(statement, [...documents, options]), startedAt)
  const answer = answered(row?.told.answer)
  if (row && row.told.outgoing.length > 0) send(row.told.outgoing)
  return answer
}

/** No function of ours returns null: whatever is between here and the database has lost the answer. */
function answered<Answer>(answer: Answer | null | undefined): Answer {
  if (answer === undefined || answer === null) throw new DatabaseUnavailable('no answer', false)
  return answer
}

/**
 * Retries a query, within the limits above, while its failure may pass by itself. The query must be safe to repeat.
 * @throws DatabaseUnavailable whose message is a SQLSTATE or the error's name: what the database says beside it may
 *   quote parameters, which are personal data, and must not reach a log
 */
export async function attempt<T>(query: () => Promise<T>, startedAt = Date.now()): Promise<T> {
  for (let failures = 0; ; failures++) {
    if (Date.now() - startedAt > LAST_START_MS) throw new DatabaseUnavailable('no time left', true)
    try {
      return await query()
    } catch (error) {
      if (error instanceof DatabaseUnavailable) throw error
      const { transient, name } = diagnose(error)
      const pauses = name === ROLLBACK ? ROLLBACK_PAUSES_MS : PAUSES_MS
      const pause = (pauses[failures] ?? Number.POSITIVE_INFINITY) * (0.5 + Math.random())
      if (!transient || Date.now() - startedAt + pause > LAST_START_MS) {
        throw new DatabaseUnavailable(name, transient)
      }
      if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause))
    }
  }
}

/**
 * What may pass by itself: no answer at all, an overloaded proxy, and the SQLSTATE classes for a lost connection (08),
 * a rollback (40), scarce resources (53), a lock not available (55), an operator's intervention (57), and two
 * writers that met on one unique key (23505): the second look sees the winner.
 */
function diagnose(error: unknown): { transient: boolean; name: string } {
  const { code, sourceError }: Partial<NeonDbError> = error instanceof NeonDbError ? error : {}
  if (code) return { transient: /^(08|40|53|55|57)|^23505$/.test(code), name: code }
  const cause = sourceError ?? error
  return { transient: true, name: cause instanceof Error ? cause.name : 'no answer' }
}
