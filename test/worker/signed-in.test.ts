import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { clerkEvent, randomId } from '../../local/events.ts'
import { asSignedIn } from '../../src/api/signed-in.ts'
import { call, type Database } from '../../src/db.ts'
import type { Settings } from '../../src/settings.ts'

// A signed-in request of a new user makes up to three calls, with Clerk in between. 503 comes within 8 s all the same.

const LONGEST_ATTEMPT_MS = 3_000
let now = 0
beforeEach(() => {
  now = 1_790_000_000_000
  vi.spyOn(Date, 'now').mockImplementation(() => now)
})
afterEach(() => vi.restoreAllMocks())

const UNKNOWN = { refused: 'unknown_user' }

/**
 * Makes a signed-in request of a user whom only Clerk knows. Returns the milliseconds at which each query began, at
 * which the request ended, and how it ended.
 * @param queries what becomes of each query: its answer after these milliseconds, or none
 */
async function requested(clerkMs: number, ...queries: ('hangs' | [number, object])[]) {
  const [userId, begun, starts] = [randomId('user'), now, [] as number[]]
  const clerk = vi.spyOn(globalThis, 'fetch').mockImplementation(async () => {
    now += clerkMs
    return Response.json(clerkEvent('user.created', { user: userId }).data)
  })
  const db: Database = {
    async query<Row>() {
      starts.push(now - begun)
      const next = queries.shift() ?? 'hangs'
      now += next === 'hangs' ? LONGEST_ATTEMPT_MS : next[0]
      if (next === 'hangs') throw new DOMException('', 'TimeoutError')
      return [{ answer: next[1] }] as Row[]
    },
  }
  const settings = { CLERK_SECRET_KEY: 'sk_test_of_time', USER_DELETION: 'deactivate' } as Settings
  const asked = asSignedIn({ userId, settings, db }, (db, who) => call<object>(db, 'read_me', [who]))
  const end = await asked.catch((error: Error) => `${error.name}: ${error.message}`)
  return { starts, clerk: clerk.mock.calls.length, after: now - begun, end }
}

it('a request that first reads the user from Clerk makes no attempt after the time of one call', async () => {
  const ended = await requested(500, 'hangs', [900, UNKNOWN], 'hangs', [10, {}], 'hangs', 'hangs')
  expect(ended).toEqual({
    starts: [0, 3000, 4400],
    clerk: 1,
    after: 7400,
    end: 'DatabaseUnavailable: TimeoutError',
  })
})

it('a request with no time left does not wait for Clerk', async () => {
  const ended = await requested(2_000, 'hangs', [2_900, UNKNOWN])
  expect(ended).toEqual({
    starts: [0, 3000],
    clerk: 0,
    after: 5900,
    end: 'DatabaseUnavailable: no time left',
  })
})

it('a request in time makes all its calls', async () => {
  const ended = await requested(500, [100, UNKNOWN], [100, {}], [100, { id: 'user' }])
  expect(ended).toEqual({ starts: [0, 600, 700], clerk: 1, after: 800, end: { id: 'user' } })
})
