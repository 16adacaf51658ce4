import { setTimeout } from 'node:timers/promises'
import pg from 'pg'
import { saying } from './command.ts'
import { LocalError } from './errors.ts'

/** Longer than a Neon compute takes to wake. */
const CONNECT_MS = 15_000

/** Returns the host and port of a connection string for messages, never the user or password. Throws a LocalError. */
export function hostOf(url: string): string {
  return parse(url).host
}

/** Whether a connection string leads to this machine. Throws a LocalError. */
export function isThisMachine(url: string): boolean {
  return /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/.test(parse(url).hostname)
}

/** Whether a host name is Neon's. */
export function isNeonHost(host: string): boolean {
  return /\.neon\.tech(:\d+)?$/.test(host)
}

/**
 * Opens one connection; the caller ends it. After two seconds it says that it is still connecting. Throws a LocalError
 * of one line, without the password.
 *
 * @param setting where the address was given, for messages
 */
export async function connectTo(url: string, setting = 'DATABASE_URL'): Promise<pg.Client> {
  const parsed = parse(url, setting)
  // The driver treats `require` as `verify-full` today, and prints a paragraph because that will change.
  if (parsed.searchParams.get('sslmode') === 'require') parsed.searchParams.set('sslmode', 'verify-full')
  const client = new pg.Client({ connectionString: parsed.href, connectionTimeoutMillis: CONNECT_MS })
  // Without a listener, a broken connection ends the process and hides why the query failed.
  client.on('error', () => {})
  try {
    await saying(`connecting to ${parsed.host}`, client.connect())
    return client
  } catch (error) {
    throw refused(error as { code?: string; message?: string }, parsed, setting)
  }
}

/** Opens a connection for a command that reads tables: a query that fails also throws a LocalError. */
export async function connectToRead(url: string): Promise<pg.Client> {
  const client = await connectTo(url)
  const query = client.query.bind(client) as (...given: unknown[]) => Promise<pg.QueryResult>
  const plain = async (...given: unknown[]) => {
    try {
      return await query(...given)
    } catch (error) {
      throw whyFailed(error as { code?: string }, url)
    }
  }
  client.query = plain as typeof client.query
  return client
}

/**
 * Calls a database function of ours, and returns its result. After two seconds it says that it is still waiting. Throws
 * a LocalError.
 */
export async function callFunction<Answer>(
  url: string,
  name: string,
  facts: object,
  events?: string,
): Promise<Answer> {
  const client = await connectTo(url)
  try {
    const call = callFunctionOn<Answer>(client, url, name, facts, events)
    return await saying(`waiting for ${hostOf(url)}`, call)
  } finally {
    await client.end().catch(() => {})
  }
}

/** How often the call is tried while another transaction holds a lock that it needs. */
const TRIES = 20
const PAUSE_MS = 100

/**
 * Calls a database function on an open connection, and returns its result. It tries again while a row is locked. Throws
 * a LocalError.
 *
 * @param events what the database needs to know of outgoing events, if it is to write any
 */
export async function callFunctionOn<Answer>(
  client: pg.Client,
  url: string,
  name: string,
  facts: object,
  events?: string,
): Promise<Answer> {
  // As in the Worker's statement, `case` guarantees the order of evaluation.
  const setting = `set_config('ledgerhook.events', coalesce($2, ''), true)`
  for (let tries = 1; ; tries++) {
    try {
      const result = await client.query<{ answer: Answer }>(
        `select case when ${setting} is not null then ledgerhook.${pg.escapeIdentifier(name)}($1::jsonb) end as answer`,
        [JSON.stringify(facts), events ?? null],
      )
      return result.rows[0]?.answer as Answer
    } catch (error) {
      const { code = '' } = error as { code?: string }
      if (!LOCKED.has(code) || tries === TRIES) throw whyFailed(error as { code?: string }, url)
      await setTimeout(PAUSE_MS)
    }
  }
}

/** SQLSTATEs of a transaction that met another one: it has changed nothing. */
const LOCKED = new Set(['40001', '40P01'])

function parse(url: string, setting = 'DATABASE_URL'): URL {
  const parsed = URL.parse(url)
  // A password that is not URL-encoded may end the host early. A part of it would then be shown as the host or port.
  const isCut = parsed?.pathname.includes('@') || parsed?.hash !== ''
  // A placeholder that was copied from a document, such as `postgres://…`. The path of a socket is also written with a
  // percent sign.
  const isPlaceholder = /^%(?!2f)/i.test(parsed?.hostname ?? '')
  if (parsed && !isCut && !isPlaceholder && /^postgres(ql)?:$/.test(parsed.protocol) && parsed.hostname)
    return parsed
  throw new LocalError(
    `${setting} is not a connection string, postgres://user:password@host/database (is the password URL-encoded?)`,
  )
}

export const noHost = (host: string, code: string, setting = 'DATABASE_URL') =>
  new LocalError(`there is no host ${host} (${code}): correct ${setting}`)

/** The driver's error may contain values that it was given, and the URL has the password, so only the code is shown. */
function refused(error: { code?: string; message?: string }, url: URL, setting: string): LocalError {
  const { host, username, pathname } = url
  const user = decodeURIComponent(username) || 'nobody'
  const code = error.code ?? (/timeout/i.test(error.message ?? '') ? 'timeout' : 'no code')
  if (code.startsWith('28')) return new LocalError(`${host} refuses the user ${user}: is the password right?`)
  if (code === '3D000') {
    const database = decodeURIComponent(pathname.slice(1)) || user
    return new LocalError(`${host} has no database ${database}: create it first, or correct ${setting}`)
  }
  if (code === '42501')
    return new LocalError(`${host} does not let the user ${user} connect to this database (${code})`)
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return noHost(host, code, setting)
  if (/\bSSL\b/.test(error.message ?? ''))
    return new LocalError(`${host} does not speak TLS as asked: correct sslmode in ${setting}`)
  if (/^Connection terminated unexpectedly/.test(error.message ?? ''))
    return new LocalError(
      `${host} is no Postgres, or has just stopped: it ends the connection. Is the port right?`,
    )
  return new LocalError(`${host} does not answer (${code}): is it running, and reachable from here?`)
}

/** SQLSTATEs of a function, a schema, a table or a column that does not exist. */
export const NOT_MIGRATED = new Set(['42883', '3F000', '42P01', '42703'])

/** Returns why a query failed, and what to do, by its SQLSTATE. */
export function whyFailed({ code = 'no code' }: { code?: string }, url: string): LocalError {
  const host = hostOf(url)
  if (NOT_MIGRATED.has(code))
    return new LocalError(`${host} lacks what this command calls (${code}): npm run migrate`)
  if (code === '42501')
    return new LocalError(
      `the user of DATABASE_URL may not do this in ${host} (${code}): connect as the owner`,
    )
  return new LocalError(`${host} failed (${code})`)
}
