import { type Database, DatabaseUnavailable } from '../db.ts'
import { log } from '../log.ts'
import { missed } from '../missed.ts'
import { envOf, type Settings } from '../settings.ts'
import { tally } from '../tally.ts'
import { type Committed, commitResolved, type First } from './commit.ts'
import { decide, isUnhandled } from './decide.ts'
import { type Delivery, open, type Received } from './delivery.ts'
import { logDelivery } from './log-delivery.ts'
import { respond } from './outcome.ts'
import { isProbe, PROBE_TYPE } from './probe.ts'
import type { Provider } from './provider.ts'

const UNHANDLED: Committed = { outcome: 'ignored', reason: 'unhandled_type', user_id: null }
const PING: Committed = { outcome: 'ignored', reason: 'ping', user_id: null }

/**
 * Handles one delivery, in a straight line: read → verify → open → decide → commit → log → respond.
 * @param spill stores a delivery in the queue if the database does not respond in time. Without it, the response is 503
 */
export async function receive(
  provider: Provider,
  request: Request,
  settings: Settings,
  db: Database,
  spill?: (received: Received) => First,
): Promise<Response> {
  const startedAt = Date.now()
  const body = await readText(request)

  const verification = await provider.verify(request.headers, body, settings, startedAt)
  if (!verification.verified) {
    const { cause } = verification
    const probe = await isProbe(provider, request.headers, settings, startedAt)
    log({
      message: 'refused',
      level: probe ? 'info' : 'warn',
      provider: provider.name,
      cause,
      ...(probe && { probe }),
    })
    if (!probe) missed(envOf(settings), provider.name, 'refused', cause, 400, startedAt)
    return Response.json({ error: 'invalid_signature' }, { status: 400 })
  }

  const { secret } = verification
  const opened = await open(provider, request.headers, body)
  const delivery = secret > 1 ? { ...opened, secret } : opened
  const committingAt = Date.now()
  try {
    const verdict = isUnhandled(provider, delivery)
      ? delivery.type === provider.ping
        ? PING
        : UNHANDLED
      : await commitResolved(
          provider,
          db,
          delivery,
          decide(provider, delivery, settings),
          settings,
          undefined,
          spill?.(receivedAt(startedAt, delivery, body)),
        )
    const timing = { duration_ms: Date.now() - startedAt, database_ms: Date.now() - committingAt }
    logDelivery(delivery, verdict, secret, timing, settings)
    // These have no row, so they are tallied.
    if ((verdict === PING || verdict === UNHANDLED) && delivery.type !== PROBE_TYPE)
      tally(provider.name, verdict.outcome, verdict.reason)
    return respond(delivery.eventId, delivery.type, verdict)
  } catch (error) {
    if (!(error instanceof DatabaseUnavailable)) throw error
    missed(envOf(settings), provider.name, 'unavailable', error.message, 503, startedAt)
    return unavailable(delivery, error, secret, { startedAt, committingAt })
  }
}

const receivedAt = (ms: number, { provider, eventId, secret }: Delivery, body: string): Received => ({
  provider,
  event_id: eventId,
  body,
  received_at: new Date(ms).toISOString(),
  secret,
})

const UTF_8 = new TextDecoder('utf-8', { ignoreBOM: true })

/**
 * Returns the body exactly as it was signed: a byte order mark stays. A body that is not UTF-8 cannot match its
 * signature.
 */
const readText = async (request: Request): Promise<string> => UTF_8.decode(await request.arrayBuffer())

/**
 * Responds 503, because no commit is known to have happened. Stripe and Svix deliver again; if it was committed after
 * all, that delivery is a duplicate.
 */
function unavailable(
  { provider, eventId: event, type }: Delivery,
  error: DatabaseUnavailable,
  secret: number,
  { startedAt, committingAt }: { startedAt: number; committingAt: number },
): Response {
  const timing = { duration_ms: Date.now() - startedAt, database_ms: Date.now() - committingAt }
  log({
    message: 'unavailable',
    level: 'error',
    provider,
    event,
    type,
    secret,
    cause: error.message,
    ...timing,
  })
  return Response.json({ error: 'unavailable' }, { status: 503, headers: { 'Retry-After': '10' } })
}
