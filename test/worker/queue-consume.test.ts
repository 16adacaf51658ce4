import { describe, expect, it, vi } from 'vitest'
import { checkoutEvent, clerkEvent, randomId } from '../../local/events.ts'
import { reversalEvent } from '../../local/reversal-events.ts'
import { BUILD } from '../../src/ops/functions.gen.ts'
import { leave, signedUp } from './people.ts'
import { AWAY, type Body, consume, drain, messageOf, taken, testQueue } from './queue-support.ts'
import {
  balance,
  counted,
  deliver,
  type Env,
  eventRow,
  failNext,
  holdOpen,
  ledger,
  query,
  runScheduled,
  settings,
  user,
} from './support.ts'

const COMPLETED = 'checkout.session.completed'
const HOUR_MS = 3_600_000

let messages = 0
/** A message that contains this event. */
function queued(
  provider: 'clerk' | 'stripe',
  event: object,
  { attempts = 1, ageMs = 0, ...more }: { attempts?: number; ageMs?: number } & Partial<Body> = {},
) {
  const received_at = new Date(Date.now() - ageMs).toISOString()
  const event_id = provider === 'stripe' ? (event as { id: string }).id : randomId('msg')
  const body = { v: 1, provider, event_id, body: JSON.stringify(event), received_at, ...more }
  return messageOf(body, ++messages, attempts, ageMs)
}
const topUp = (user: string, more = {}) => queued('stripe', checkoutEvent(COMPLETED, { user }), more)
const idOf = ({ body }: { body: unknown }) => (body as Body).event_id
const rowsOf = async (of: { body: unknown }[]) =>
  await query<{ outcome: string; reason: string | null }>(
    'select outcome, reason from webhook_events where event_id = any ($1)',
    [of.map(idOf)],
  )

describe('a batch of deliveries', () => {
  it('is one request and one statement, and each message is acknowledged by name', async () => {
    const user = await signedUp()
    const batch = Array.from({ length: 50 }, () => topUp(user))
    const { result, requests, statements } = await counted(() => consume(batch))
    expect([result.acked.length, result.retried, requests, statements]).toEqual([50, [], 1, 1])
    expect(await balance(user)).toBe(40 + 50 * 500)
  })

  it('of more than 50, or of more than 2 MB, is several', async () => {
    const user = await signedUp()
    const many = Array.from({ length: 100 }, () => topUp(user))
    expect(await counted(() => consume(many))).toMatchObject({ requests: 2 })
    // A character of the second text has three bytes.
    for (const text of ['x'.repeat(120_000), '字'.repeat(40_000)]) {
      const large = Array.from({ length: 40 }, () =>
        queued('stripe', checkoutEvent(COMPLETED, { user, session: { text } })),
      )
      expect(await counted(() => consume(large))).toMatchObject({ requests: 3 })
    }
    expect(await balance(user)).toBe(40 + 180 * 500)
  })

  it('keeps the moment in which each was received', async () => {
    const late = topUp(await signedUp(), { ageMs: 30 * HOUR_MS })
    await consume([late])
    const row = await eventRow(idOf(late))
    expect(row?.received_at).toEqual(new Date((late.body as Body).received_at))
    expect(row).toMatchObject({ outcome: 'applied', via: 'webhook' })
  })

  it('twice, in another order, changes nothing', async () => {
    const id = randomId('user')
    const batch = [
      queued('clerk', clerkEvent('user.created', { user: id })),
      ...Array.from({ length: 5 }, () => topUp(id)),
    ]
    await consume(batch.toReversed())
    await consume([...batch, ...batch.slice(0, 3).map((one) => ({ ...one, id: `${one.id}_again` }))])
    expect(await balance(id)).toBe(40 + 5 * 500)
    expect((await rowsOf(batch)).map(({ outcome }) => outcome)).toEqual(batch.map(() => 'applied'))
  })

  it('whose consumer dies after the commit is committed again: as duplicates', async () => {
    const user = await signedUp()
    const batch = Array.from({ length: 4 }, () => topUp(user))
    await consume(batch)
    // No message of it was acknowledged, so Cloudflare delivers it again.
    const again = batch.map((one) => ({ ...one, attempts: 2 }))
    expect((await consume(again)).acked).toHaveLength(4)
    expect((await ledger(user)).filter(({ kind }) => kind === 'purchase')).toHaveLength(4)
  })

  it('is decided by the settings of now, and not verified again', async () => {
    const id = randomId('user')
    const env = {
      CLERK_WEBHOOK_SECRET: 'whsec_bmV3c2VjcmV0bmV3c2VjcmV0bmV3c2VjcmV0',
      SIGNUP_BONUS_CREDITS: '7',
    }
    await consume([queued('clerk', clerkEvent('user.created', { user: id }))], env)
    expect(await balance(id)).toBe(7)
  })

  it('keeps which build and which settings decided each of a batch', async () => {
    const user = await signedUp()
    const batch = [topUp(user), topUp(user)]
    await consume(batch)
    const decided = { build: BUILD, settings_hash: expect.stringMatching(/^[0-9a-f]{12}$/) }
    for (const one of batch) expect(await eventRow(idOf(one))).toMatchObject(decided)
  })

  it('is logged line by line, with its age, and as a whole', async () => {
    const log = vi.spyOn(console, 'log')
    await consume([topUp(await signedUp(), { ageMs: 2 * HOUR_MS })])
    const lines = log.mock.calls.map(([line]) => JSON.parse(String(line)))
    expect(lines.at(-2)).toMatchObject({ message: 'delivery', outcome: 'applied', via: 'queue' })
    expect(lines.at(-2).queued_ms).toBeGreaterThanOrEqual(2 * HOUR_MS)
    expect(lines.at(-1)).toMatchObject({ message: 'queue', level: 'info', deliveries: 1, later: 0 })
    expect(lines.at(-1).oldest_s).toBeGreaterThanOrEqual(7_200)
  })

  it('keeps a type that this version does not handle, since the version that queued it does', async () => {
    const user = await signedUp()
    const event = checkoutEvent(COMPLETED, { user })
    const newer = queued('stripe', { ...event, type: 'checkout.session.of_a_newer_version' })
    const batch = [topUp(user), newer, topUp(user)]
    expect((await consume(batch)).acked.sort()).toEqual(batch.map(({ id }) => id).sort())
    expect(await eventRow(event.id)).toMatchObject({ outcome: 'parked', reason: 'unreadable' })
    expect(await balance(user)).toBe(40 + 2 * 500)
    // As after an upgrade that knows the type.
    const known = `payload = jsonb_set(payload, '{type}', to_jsonb($2::text)), type = $2`
    await query(`update webhook_events set ${known} where event_id = $1`, [event.id, COMPLETED])
    await query('update waiting set retry_at = now() where event_id = $1', [event.id])
    await runScheduled({}, 'retry_due')
    expect(await eventRow(event.id)).toMatchObject({ outcome: 'applied' })
    expect(await balance(user)).toBe(40 + 3 * 500)
  })
})

describe('a deleted user', () => {
  it('stays deleted, whatever comes out of the queue afterwards, and nothing of it is kept to be read', async () => {
    const env: Env = { USER_DELETION: 'delete' }
    const id = randomId('user')
    const queue = testQueue()
    for (const type of ['user.created', 'user.updated'] as const)
      await deliver('clerk', clerkEvent(type, { user: id }), {
        id: randomId('msg'),
        env: { ...AWAY, SPILL: queue },
      })
    await leave(id, { env })
    const batch = taken(queue)
    await consume(batch, env)
    expect(await user(id)).toBeUndefined()
    expect(
      await query('select closed_at is not null as closed from wallets where user_id = $1', [id]),
    ).toEqual([{ closed: true }])
    expect(await rowsOf(batch)).toEqual(batch.map(() => ({ outcome: 'stale', reason: 'user_deleted' })))
    const kept = await query('select 1 from webhook_events where user_id = $1 and payload is not null', [id])
    expect(kept).toEqual([])
  })
})

describe('a delivery that fails', () => {
  it('stays in its savepoint, and is kept as a single one would be', async () => {
    const user = await signedUp()
    const unstorable = queued('stripe', checkoutEvent(COMPLETED, { user, session: { text: 'nul\u0000' } }))
    const batch = [topUp(user), unstorable, topUp(user)]
    const { result, requests } = await counted(() => consume(batch))
    // The batch and the single path, as JSON and as text.
    expect([result.acked.length, requests]).toEqual([3, 3])
    expect(await balance(user)).toBe(40 + 3 * 500)
    expect(await eventRow(idOf(unstorable))).toMatchObject({ outcome: 'applied', payload: null })
  })

  it('has each of its batch in a savepoint of its own; mostly they share one', async () => {
    const user = await signedUp()
    const savepoints = async (batch: { body: unknown }[]) => {
      const [row] = await query<{ count: string }>(
        'select count(distinct xmin::text) from webhook_events where event_id = any ($1)',
        [batch.map(idOf)],
      )
      return Number(row?.count)
    }
    const well = [topUp(user), topUp(user), topUp(user)]
    await consume(well)
    expect(await savepoints(well)).toBe(1)
    const unstorable = queued('stripe', checkoutEvent(COMPLETED, { user, session: { text: 'nul\u0000' } }))
    const others = [topUp(user), topUp(user)]
    await consume([...others, unstorable])
    expect(await savepoints(others)).toBe(2)
  })

  it('that cannot be read is parked, and keeps no other waiting', async () => {
    const user = await signedUp()
    const broken = queued('stripe', { ...checkoutEvent(COMPLETED, { user }), data: {} })
    const noJson = queued('stripe', checkoutEvent(COMPLETED, { user }), {
      body: 'no JSON',
      event_id: 'evt_no_json',
    })
    const batch = [topUp(user), broken, noJson, topUp(user)]
    expect((await consume(batch)).acked).toHaveLength(4)
    expect(await rowsOf([broken, noJson])).toEqual([
      { outcome: 'parked', reason: 'unreadable' },
      { outcome: 'parked', reason: 'unreadable' },
    ])
    expect(await balance(user)).toBe(40 + 2 * 500)
  })

  it('together with its batch is found by halving', async () => {
    const user = await signedUp()
    await query(`create function fail_slowly() returns trigger language plpgsql as $$ begin
      if new.event_id = 'evt_too_long' then
        raise exception 'canceling statement due to statement timeout' using errcode = 'query_canceled';
      end if;
      return new; end $$`)
    await query('create trigger fail_slowly before insert on webhook_events execute function fail_slowly()')
    await query('drop trigger fail_slowly on webhook_events')
    await query(
      'create trigger fail_slowly before insert on webhook_events for each row execute function fail_slowly()',
    )
    try {
      const poison = queued('stripe', { ...checkoutEvent(COMPLETED, { user }), id: 'evt_too_long' })
      const batch = [topUp(user), topUp(user), poison, topUp(user), topUp(user)]
      const { acked, retried } = await consume(batch)
      expect([acked.length, retried]).toEqual([4, [{ id: poison.id, delaySeconds: 10 }]])
      expect(await balance(user)).toBe(40 + 4 * 500)
    } finally {
      await query('drop trigger fail_slowly on webhook_events')
    }
  }, 180_000)

  it('because its answer was lost is committed again, in halves', async () => {
    const user = await signedUp()
    const batch = Array.from({ length: 6 }, () => topUp(user))
    for (const fault of ['after_commit', 'half_answer', 'before']) {
      await failNext(fault)
      expect((await consume(batch)).acked).toHaveLength(6)
    }
    expect(await balance(user)).toBe(40 + 6 * 500)
  })

  it('because somebody has a subject that shows up late goes back to the queue alone', async () => {
    const [owner, other] = [await signedUp(), await signedUp()]
    const payment = randomId('pi')
    await deliver('stripe', checkoutEvent(COMPLETED, { user: owner, payment }))
    const refund = queued('stripe', reversalEvent('refund.created', { payment, amount: 500 }))
    const release = await holdOpen([`select lock_subjects('user:' || $1)`, [owner]])
    const { acked, retried } = await consume([topUp(other), refund, topUp(other)])
    expect([acked.length, retried.map(({ id }) => id)]).toEqual([2, [refund.id]])
    await release()
    await consume([{ ...refund, attempts: 2 }])
    expect([await balance(owner), await balance(other)]).toEqual([40, 1040])
  })
})

describe('while the database is away', () => {
  it('everything is left for later, after one cheap request, with a delay that grows to 15 minutes', async () => {
    const delays: (number | undefined)[] = []
    for (const attempts of [1, 2, 3, 4, 5, 6, 7, 8, 79]) {
      await failNext(...(attempts === 1 ? ['unavailable', 'unavailable'] : ['unavailable']))
      const batch = [topUp('user_1', { attempts }), topUp('user_2', { attempts })]
      const { result, requests } = await counted(() => consume(batch))
      expect([result.acked, requests]).toEqual([[], attempts === 1 ? 2 : 1])
      delays.push(result.retried[0]?.delaySeconds)
    }
    expect(delays).toEqual([10, 20, 40, 80, 160, 320, 640, 900, 900])
  })

  it('is an outage for the messages of a wrong database or a missing function too: none is lost', async () => {
    const elsewhere = new URL(settings.DATABASE_URL)
    elsewhere.pathname = '/no_such_database'
    const batch = [topUp('user_1'), topUp('user_2'), topUp('user_3')]
    expect((await consume(batch, { DATABASE_URL: elsewhere.href })).retried).toHaveLength(3)
    expect((await consume(batch, { STRIPE_WEBHOOK_SECRET: '' })).retried).toHaveLength(3)
  })

  it.each([
    ['has 80 attempts', { attempts: 80 }],
    ['is 12 hours old, half of the shortest retention there is', { attempts: 5, ageMs: 12 * HOUR_MS }],
  ])('a message that %s is sent anew with all that it holds, then acknowledged', async (_, worn) => {
    const queue = testQueue()
    const message = topUp('user_1', worn)
    expect(await consume([message], { ...AWAY, SPILL: queue })).toEqual({ acked: [message.id], retried: [] })
    const [sent] = queue.sent
    expect(sent?.body).toEqual({ ...(message.body as Body), again: 1 })
    // During a long outage the database is not tried more often than before.
    expect(sent?.delaySeconds).toBeGreaterThan(100)
    expect((await consume(taken(queue), { ...AWAY, SPILL: queue })).retried).toMatchObject([
      { delaySeconds: 900 },
    ])
  })

  it('a message that cannot be sent anew is kept', async () => {
    const queue = testQueue()
    queue.mode = 'fails'
    const { acked, retried } = await consume([topUp('user_1', { attempts: 90 })], { ...AWAY, SPILL: queue })
    expect([acked, retried.length]).toEqual([[], 1])
  })
})

describe('the dead-letter queue', () => {
  it('sends its messages back to the queue, and an operator is alerted', async () => {
    const log = vi.spyOn(console, 'log')
    const queue = testQueue()
    const id = await signedUp()
    const dead = [topUp(id), topUp(id)]
    expect((await consume(dead, { SPILL: queue }, 'ledgerhook-spill-dead')).acked).toHaveLength(2)
    expect(JSON.parse(String(log.mock.lastCall?.[0]))).toMatchObject({
      message: 'dead letters',
      level: 'error',
    })
    expect(queue.sent.map(({ body }) => body.event_id)).toEqual(dead.map(idOf))
    await drain(queue)
    expect(await balance(id)).toBe(1040)
  })
})

describe('what is no message of this version', () => {
  it.each([[null], ['text'], [{ v: 2, provider: 'stripe' }], [{ hello: 'there' }]])(
    '%j is never acknowledged, and never lost',
    async (body) => {
      const queue = testQueue()
      const id = await signedUp()
      const { acked, retried } = await consume([messageOf(body, 0), topUp(id)], { SPILL: queue })
      expect([acked.length, retried.length]).toEqual([1, 1])
      await consume([messageOf(body, 0, 80)], { SPILL: queue })
      expect(queue.sent).toHaveLength(1)
    },
  )
})
