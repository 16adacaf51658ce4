import { Webhook } from 'svix'
import { afterEach, beforeEach, vi } from 'vitest'
import { query, runScheduled } from './support.ts'

export const EVENTS_SECRET = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'
export const EVENTS_URL = 'https://app.example.com/hooks/ledgerhook'
export const TELLING = { EVENTS_URL, EVENTS_SECRET, LOW_BALANCE: '20,10' }

export interface Heard {
  id: string
  type: string
  timestamp: string
  data: { user_id: string | null; sequence: number } & Record<string, unknown>
}

/**
 * The events that the app accepted, and those that it was sent. `says` is its response: a status, or an error that it
 * throws.
 */
export interface Receiver {
  took: Heard[]
  sent: Heard[]
  inits: RequestInit[]
  says: (event: Heard) => Response | Promise<Response>
}

/** Stands in for the app at EVENTS_URL, new in each test. It verifies every signature. */
export function receiver(): Receiver {
  const one: Receiver = { took: [], sent: [], inits: [], says: () => new Response(null, { status: 204 }) }
  const real = globalThis.fetch
  beforeEach(() => {
    Object.assign(one, { took: [], sent: [], inits: [], says: () => new Response(null, { status: 204 }) })
    vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
      if (String(input) !== EVENTS_URL) return await real(input, init)
      const headers = Object.fromEntries(new Headers(init?.headers))
      new Webhook(EVENTS_SECRET).verify(String(init?.body), headers)
      const heard: Heard = { id: headers['webhook-id'], ...JSON.parse(String(init?.body)) }
      one.sent.push(heard)
      one.inits.push(init ?? {})
      const response = await one.says(heard)
      if (response.ok) one.took.push(heard)
      return response
    })
  })
  afterEach(() => void vi.restoreAllMocks())
  return one
}

/** Returns the events about this user that the app accepted: type, sequence, and the other members. */
export const heardOf = ({ took }: Receiver, id: string) => took.filter(({ data }) => data.user_id === id)

/** Starts scheduled runs until every event has ended. */
export async function sendAll(env: object): Promise<void> {
  for (let run = 0; run < 200; run++) {
    await query(`update outgoing_events set next_at = now() where next_at is not null`)
    const [open] = await query<{ count: string }>(`select count(*) from outgoing_events where state = 'open'`)
    if (Number(open?.count) === 0) return
    await runScheduled({ ...env, RUN_SUBREQUESTS: '400' }, 'send_events')
  }
  throw new Error('200 scheduled runs have left something')
}

/** Waits until no statement of a Worker runs, because one that its Worker has given up may still be committed. */
export async function allCommitted(): Promise<void> {
  for (;;) {
    const running = await query(
      `select from pg_stat_activity where datname = current_database() and usename = 'worker' and state <> 'idle'`,
    )
    if (running.length === 0) return
  }
}
