import { call, type Database, DatabaseUnavailable, type OutgoingEvent } from '../db.ts'
import { log } from '../log.ts'
import type { Settings } from '../settings.ts'
import { type Sent, sendEvent } from './send-event.ts'

/** The most events of one user that are sent one after the other, with at most five seconds for each. */
const IN_TURN = 5

interface End {
  /** The new state of the event. */
  state: 'open' | 'sent' | 'undelivered' | 'forgotten'
  /** The user's next event, if the caller is to send it. */
  next: OutgoingEvent | null
}

/** Sends events of several users in parallel, and then the following events of each user. Never throws. */
export async function sendInTurn(
  events: OutgoingEvent[],
  settings: Settings,
  db: Database,
  inTurn = IN_TURN,
  fetcher?: typeof fetch,
): Promise<void> {
  await Promise.all(events.map((event) => sendUsers(event, settings, db, inTurn, fetcher)))
}

async function sendUsers(
  first: OutgoingEvent,
  settings: Settings,
  db: Database,
  inTurn: number,
  fetcher?: typeof fetch,
): Promise<void> {
  try {
    let event: OutgoingEvent | null = first
    for (let sent = 1; event; sent++) {
      event = await end(db, event, await sendEvent(event, settings, fetcher), sent < inTurn)
    }
  } catch (error) {
    // Its lease expires, and the scheduled run sends it again.
    const cause = error instanceof DatabaseUnavailable ? error.message : 'unknown'
    log({ message: 'event not ended', level: 'warn', event: first.id, cause })
  }
}

/** Reports the result of sending an event. Returns the event that follows. @throws DatabaseUnavailable */
async function end(db: Database, { id, tries, type, user_id }: OutgoingEvent, sent: Sent, go_on: boolean) {
  const { good, refused, status, cause } = sent
  const { state, next } = await call<End>(db, 'end_outgoing', [{ id, tries, good, refused, status, go_on }])
  const level = good ? 'info' : state === 'undelivered' ? 'error' : 'warn'
  log({
    message: 'event',
    level,
    event: id,
    type,
    user: user_id,
    state,
    status,
    tries,
    ...(cause && { cause }),
  })
  return next
}
