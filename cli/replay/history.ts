import type { Client } from 'pg'
import type { ProviderName } from '../../src/webhook/provider.ts'

/** A delivery as the database has it. */
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
  /** Those that can be decided again, in the order in which they were received. */
  ids: Id[]
  /** Everybody whom they are about. */
  users: string[]
  /** Those of users whose erasure was asked for. They are not looked at. */
  erased: number
  /** Those whose payload is gone, or was never stored. */
  withoutPayload: number
  /** Users of whom something cannot be decided again. */
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

/** Whom a session or a comparison has brought. */
const OTHERS = `select id from ledgerhook.users where provisioned_by <> 'webhook'`

/** Returns what is stored since then. */
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
 * Returns the users who were deleted. For them order matters: what is paid before the deletion is credited, and what
 * comes after it is kept for a person.
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

/** Payloads of one query: what is larger than these together is rare, and is held once. */
const PAGE = 200

/** Reads these with their payloads, in this order. */
export async function* readStored(client: Client, ids: Id[]): AsyncGenerator<Stored> {
  for (let from = 0; from < ids.length; from += PAGE) {
    const page = ids.slice(from, from + PAGE)
    const names = [page.map(({ provider }) => provider), page.map(({ event_id }) => event_id)]
    for (const stored of (await client.query<Stored>(READ, names)).rows) {
      // Its user may have been deleted just now.
      if (stored.payload !== null) yield stored
    }
  }
}
