import type { Client } from 'pg'
import type { ProviderName } from '../../src/webhook/provider.ts'

/** A stored delivery. */
export interface Stored {
  provider: ProviderName
  event_id: string
  type: string | null
  user_id: string | null
  outcome: string
  reason: string | null
  received_at: Date
  payload: unknown
}

export interface History {
  /** The deliveries that can be decided again, in the order in which they were received. */
  ids: Id[]
  /** All users of these deliveries. */
  users: string[]
  /** Deliveries of users whose erasure was requested. They are not looked at. */
  erased: number
  /** Deliveries whose payload is gone or was never stored. */
  withoutPayload: number
  /** Users with a delivery that cannot be decided again. */
  incomplete: Set<string>
}

type Id = Pick<Stored, 'provider' | 'event_id'>
interface Row extends Id {
  user_id: string | null
  is_erased: boolean
  has_payload: boolean
  is_by_hand: boolean
}

const LIST = `
  select provider, event_id, user_id, payload is not null as has_payload,
    reason is not distinct from 'settled_by_hand' as is_by_hand,
    exists (select from ledgerhook.erasures where erasures.user_id = event.user_id) as is_erased
  from ledgerhook.webhook_events event where received_at >= $1 order by received_at, event_id`

/** Finds users that a session or a comparison created. */
const OTHERS = `select id from ledgerhook.users where provisioned_by <> 'webhook'`

/** Returns the deliveries that are stored since a moment. */
export async function readHistory(client: Client, since: Date): Promise<History> {
  const { rows } = await client.query<Row>(LIST, [since])
  const { rows: others } = await client.query<{ id: string }>(OTHERS)
  const kept = rows.filter((row) => !row.is_erased)
  const readable = kept.filter((row) => row.has_payload)
  const users = (of: Row[]) => new Set(of.flatMap(({ user_id }) => user_id ?? []))
  return {
    ids: readable.map(({ provider, event_id }) => ({ provider, event_id })),
    users: [...users(readable)],
    erased: rows.length - kept.length,
    withoutPayload: kept.length - readable.length,
    incomplete: new Set([
      ...users(rows.filter((row) => row.is_erased || !row.has_payload || row.is_by_hand)),
      ...others.map(({ id }) => id),
    ]),
  }
}

/**
 * Returns the users who were deleted. For them order matters: a payment before the deletion is credited, and one after
 * it waits for a person.
 */
export async function readDeleted(client: Client): Promise<Set<string>> {
  const { rows } = await client.query<{ id: string }>(
    'select id from ledgerhook.users where deactivated_at is not null',
  )
  return new Set(rows.map(({ id }) => id))
}

const READ = `
  select event.provider, event.event_id, type, user_id, outcome, reason, received_at,
    ledgerhook.readable_payload(event) as payload
  from unnest($1::text[], $2::text[]) with ordinality given (provider, event_id, place)
  join ledgerhook.webhook_events event on event.provider = given.provider and event.event_id = given.event_id
  order by place`

/** Payloads in one query. It is rare that they are large, and only one page is in memory at a time. */
const PAGE = 200

/** Reads these deliveries with their payloads, in this order. */
export async function* readStored(client: Client, ids: Id[]): AsyncGenerator<Stored> {
  for (let from = 0; from < ids.length; from += PAGE) {
    const page = ids.slice(from, from + PAGE)
    const names = [page.map(({ provider }) => provider), page.map(({ event_id }) => event_id)]
    for (const stored of (await client.query<Stored>(READ, names)).rows) {
      // Its user may have been erased just now.
      if (stored.payload !== null) yield stored
    }
  }
}
