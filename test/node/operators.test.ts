import { execFile } from 'node:child_process'
import { Client } from 'pg'
import { beforeAll, describe, expect, inject, it, onTestFinished, vi } from 'vitest'
import { query } from '../../local/postgres/query.ts'
import type { Stack } from '../support/control.ts'

let databaseUrl = ''

beforeAll(async () => {
  const response = await fetch(`${inject('control')}/stack`, { method: 'POST' })
  databaseUrl = ((await response.json()) as Stack).databaseUrl
  const client = new Client(databaseUrl)
  await client.connect()
  await client.query(`insert into wallets (user_id) values ('user_ada')`)
  await client.query(`insert into webhook_events (provider, event_id, type, outcome, reason, user_id, about) values
    ('stripe', 'evt_1', 'checkout.session.completed', 'rejected', 'customer_mismatch', 'user_ada', '{pi_1}'),
    ('stripe', 'evt_2', 'checkout.session.completed', 'applied', null, 'user_ada', null),
    ('clerk', 'evt_3', 'user.updated', 'rejected', 'missing_email', 'user_ada', null),
    ('stripe', 'evt_4', 'refund.created', 'parked', 'unknown_payment', null, '{re_4}'),
    ('stripe', 'evt_5', 'invoice.paid', 'parked', 'unreadable', 'user_eve', null),
    ('stripe', 'evt_6', 'checkout.session.completed', 'rejected', 'payment_mismatch', 'user_fay', null)`)
  await client.query(`insert into users (id, stripe_customer_id) values ('user_cy', 'cus_cy')`)
  await client.query(`update webhook_events set sqlstate = '22P05' where event_id = 'evt_5'`)
  await client.query(`insert into waiting (provider, event_id, subject, occurred_at, retry_at) values
    ('stripe', 'evt_1', 'customer:cus_cy', now(), null),
    ('stripe', 'evt_4', 'payment:pi_4', now(), null),
    ('stripe', 'evt_5', 'event:evt_5', now(), '2030-01-01T00:00:00Z')`)
  await client.end()
})

/** Returns what a command prints on both streams, and its exit code. */
function run(command: string, ...args: string[]): Promise<{ code: number; text: string }> {
  return new Promise((resolve) => {
    const options = { env: { ...process.env, DATABASE_URL: databaseUrl, NO_COLOR: '1' } }
    execFile(process.execPath, [`cli/${command}.ts`, ...args], options, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, text: (stdout + stderr).trim() }),
    )
  })
}
const adjust = (...args: string[]) => run('adjust', ...args)

describe('npm run adjust', () => {
  it('gives and takes, once per key', async () => {
    const given = ['user_ada', '50', '--note', 'Sorry for the outage', '--key', 'ticket-17']
    const text = `${new URL(databaseUrl).host}: the balance of user_ada was 50 right after it`
    expect(await adjust(...given)).toEqual({ code: 0, text })
    expect(await adjust('user_ada', '-80', '--note', 'Given twice', '--key', 'ticket-18')).toMatchObject({
      text: expect.stringContaining('the balance of user_ada was -30 right after it'),
    })
    expect(await adjust(...given)).toMatchObject({ text })
    const { host } = new URL(databaseUrl)
    const json = JSON.parse((await adjust(...given, '--json')).text)
    expect(json).toEqual({ host, user_id: 'user_ada', balance: 50 })
  })

  it.each([
    [['user_ada', '50', '--key', 'k'], '--note is missing'],
    [['user_ada', '50', '--note', ' ', '--key', 'k'], '--note is missing'],
    [['user_ada', '50', '--note', 'n'], '--key is missing'],
    [['user_ada', '5.5', '--note', 'n', '--key', 'k'], 'whole number'],
    [['user_ada', '0', '--note', 'n', '--key', 'k'], 'whole number'],
    [['user_ada', '--note', 'n', '--key', 'k'], 'name a user and an amount'],
    [['user_bob', '50', '--note', 'n', '--key', 'k'], 'there is no wallet'],
    [['user_ada', '51', '--note', 'n', '--key', 'ticket-17'], 'another adjustment'],
  ])('refuses %j: %s', async (args, why) => {
    const { code, text } = await adjust(...args)
    expect(code).toBe(1)
    expect(text).toContain(why)
    expect(text.split('\n')).toHaveLength(1)
  })
})

describe('npm run adjust, where EVENTS_URL is set', () => {
  const low = () =>
    query(
      databaseUrl,
      `select user_id, data->'threshold' as threshold, data->'balance' as balance, next_at is not null as is_due
       from ledgerhook.outgoing_events where type = 'credits.low' order by user_id, sequence`,
    )

  it('sends your app one event about a balance below LOW_BALANCE, and no other, as /ops does', async () => {
    const key = () => ['--note', 'n', '--key', `low-${++n}`]
    let n = 0
    await query(databaseUrl, `insert into wallets (user_id) values ('user_low'), ('user_still')`)
    await adjust('user_still', '100', ...key())
    await adjust('user_still', '-95', ...key())
    vi.stubEnv('EVENTS_URL', 'https://app.example.com/hooks')
    vi.stubEnv('LOW_BALANCE', '20,10')
    onTestFinished(() => void vi.unstubAllEnvs())
    await adjust('user_low', '100', ...key())
    expect(await low()).toEqual([])
    const last = ['user_low', '-85', ...key()]
    for (const again of [last, last]) expect((await adjust(...again)).code).toBe(0)
    expect(await low()).toEqual([{ user_id: 'user_low', threshold: 20, balance: 15, is_due: true }])
    expect(await query(databaseUrl, 'select type from ledgerhook.outgoing_events')).toHaveLength(1)
    await query(databaseUrl, 'delete from ledgerhook.outgoing_events')
  })

  it('refuses a LOW_BALANCE that it cannot read, and books nothing', async () => {
    vi.stubEnv('EVENTS_URL', 'https://app.example.com/hooks')
    vi.stubEnv('LOW_BALANCE', 'many')
    onTestFinished(() => void vi.unstubAllEnvs())
    expect(await adjust('user_low', '7', '--note', 'n', '--key', 'unread')).toEqual({
      code: 1,
      text: 'LOW_BALANCE: takes whole credits, separated by commas, such as 100,20',
    })
    const booked = `select from credit_ledger where idempotency_key = 'adjustment:unread'`
    expect(await query(databaseUrl, booked)).toEqual([])
  })
})

describe('npm run explain', () => {
  it('lists each entry, what is rejected, and the sum', async () => {
    const { code, text } = await run('explain', 'user_ada')
    expect([code, text]).toEqual([0, expect.any(String)])
    expect(text).toContain('50 credits given by a person: Sorry for the outage')
    expect(text).toContain('-80 → -30')
    expect(text).toContain('sum -30, balance of user_ada -30')
    expect(text).toContain('stripe checkout.session.completed evt_1: rejected / customer_mismatch')
    const { host } = new URL(databaseUrl)
    expect(text).toContain(`user_ada, at ${host}`)
    expect(JSON.parse((await run('explain', 'user_ada', '--json')).text)).toMatchObject({ host, sum: -30 })
  })

  it('says what a delivery waits for, and why one was rejected, in the words of /ops', async () => {
    const lines = async (id: string) => (await run('explain', id)).text.split('\n').map((line) => line.trim())
    expect(await lines('evt_4')).toEqual(
      expect.arrayContaining([
        'its payment has not come yet',
        'waits for payment pi_4, which comes with the event that reports it',
      ]),
    )
    expect(await lines('user_eve')).toEqual(
      expect.arrayContaining([
        'a form that this version does not know, or content that Postgres refuses',
        'error of Postgres: 22P05',
        'waits for event evt_5, which comes when its provider is asked, or with a version that can read it, ' +
          'tried again at 2030-01-01 00:00:00',
      ]),
    )
    for (const id of ['evt_1', 'user_ada'])
      expect(await lines(id)).toEqual(
        expect.arrayContaining([
          'its customer belongs to another user who is not deleted',
          'waits for customer cus_cy, which is another user’s: a person decides, unless that user or customer is deleted',
        ]),
      )
    expect(await lines('evt_6')).toEqual(
      expect.arrayContaining([
        'its payment was credited to another user, or paid another invoice',
        'waits for a person, who removes the cause and looks again, or adjusts the balance and settles it',
      ]),
    )
    expect((await run('explain', 'evt_2')).text).not.toContain('waits for')
  })

  it('says in one line what it cannot do, without the password', async () => {
    const text = `nothing is known of pi_unknown at ${new URL(databaseUrl).host}`
    expect(await run('explain', 'pi_unknown')).toEqual({ code: 1, text })
    expect((await run('explain')).text).toContain('name one user, payment or event')
    const real = databaseUrl
    databaseUrl = 'postgres://ada:hunter2@127.0.0.1:1/nothing'
    const away = await run('explain', 'user_ada')
    databaseUrl = real.replace('/test_', '/postgres?application_name=test_')
    const empty = await run('explain', 'user_ada')
    databaseUrl = real
    expect(away).toEqual({
      code: 1,
      text: '127.0.0.1:1 does not answer (ECONNREFUSED): is it running, and reachable from here?',
    })
    expect(empty).toEqual({
      code: 1,
      text: `${new URL(real).host} lacks what this command calls (3F000): npm run migrate`,
    })
  })
})

describe('npm run settle', () => {
  const settle = (...args: string[]) => run('settle', ...args)

  it('closes a rejected delivery, and says so once', async () => {
    const { host } = new URL(databaseUrl)
    expect(await settle('evt_1', '--note', 'Corrected by adjust')).toEqual({
      code: 0,
      text: `${host}: evt_1 is settled, and with it payment pi_1`,
    })
    expect(await settle('evt_1', '--note', 'Corrected by adjust')).toEqual({
      code: 1,
      text: `${host}: evt_1: it was settled by hand already: nothing is changed`,
    })
    const { text } = await run('explain', 'user_ada')
    expect(text).not.toContain('evt_1: rejected')
  })

  it.each([
    [['evt_1'], '--note is missing'],
    [['evt_1', '--note', ' '], '--note is missing'],
    [['--note', 'n'], 'name one event'],
    [['evt_1', '--difference', 'cs_1', '--note', 'n'], 'name one event'],
    [['evt_unknown', '--note', 'n'], 'no delivery of this event is stored'],
    [['evt_2', '--note', 'n'], 'it has had its effect'],
  ])('refuses %j: %s', async (args, why) => {
    const { code, text } = await settle(...args)
    expect([code, text.split('\n')]).toEqual([1, [expect.stringContaining(why)]])
  })

  it('says what it closed as JSON', async () => {
    const { text } = await settle('evt_3', '--note', 'n', '--json')
    expect(JSON.parse(text)).toMatchObject({ event_id: 'evt_3', settled: true, subjects: [] })
  })
})

describe('npm run events', () => {
  it('lists the events that your app did not accept, and has them sent again', async () => {
    const { host } = new URL(databaseUrl)
    expect(await run('events')).toEqual({
      code: 0,
      text: `${host}: no event was given up; an event that your app has not accepted yet is retried automatically`,
    })
    await query(
      databaseUrl,
      `insert into ledgerhook.outgoing_events (id, user_id, sequence, type, fact, data, state, tries, last_status, ended_at)
       values ('out_1', 'user_ada', 7, 'credits.low', 'low:1', '{}', 'undelivered', 3, 404, now())`,
    )
    const listed = await run('events')
    expect(listed.code).toBe(1)
    expect(listed.text).toMatch(
      /did not accept them: 1\n.* out_1 {2}credits\.low {2}user_ada #7 {2}after 3 tries, .* 404$/,
    )
    expect(JSON.parse((await run('events', '--json')).text)).toMatchObject({
      host,
      events: [{ id: 'out_1' }],
    })
    expect(await run('events', '--resend', 'out_2')).toEqual({
      code: 1,
      text: `${host}: there is no such event to send again`,
    })
    const again = { code: 0, text: `${host}: sent again within two minutes: 1` }
    expect(await run('events', '--resend', 'all')).toEqual(again)
    expect((await run('events')).code).toBe(0)
    const nothing = { code: 0, text: `${host}: there is nothing to send again` }
    expect(await run('events', '--resend', 'all')).toEqual(nothing)
  })
})

describe('a difference that stays', () => {
  const call = async <T>(name: string, facts: object) => {
    const rows = await query<{ answer: T }>(databaseUrl, `select ledgerhook.${name}($1) as answer`, [facts])
    return rows[0]?.answer as T
  }
  const counted = async () => (await call<{ difference: number }>('attention_besides', {})).difference
  const overview = async () => {
    const facts = { reasons: [], migrations: {}, functions: '', entry_points: [] }
    return (await call<{ differences: unknown[] }>('overview', facts)).differences.length
  }
  const finding = (kind: string, credits = -50) => ({
    provider: 'stripe',
    object: 'cs_kept',
    kind,
    user_id: 'user_ada',
    credits,
    reason: null,
  })
  /** Two passes find the same about one payment. Returns what the second one says of it. */
  async function passesFind(...found: [kind: string, credits?: number]) {
    const pass = (name: string) =>
      call<object[]>('watch_found', { pass: `${found} ${name}`, watches: true, found: [finding(...found)] })
    await pass('first')
    await query(databaseUrl, `update differences set first_seen_at = now() - interval '1 hour'`)
    return await pass('second')
  }
  const settle = (...args: string[]) => run('settle', '--difference', 'cs_kept', ...args)
  const host = () => new URL(databaseUrl).host

  it('no longer counts once a person has settled it, until it differs in another way', async () => {
    expect(await settle('--note', 'n')).toEqual({
      code: 1,
      text: expect.stringContaining('cs_kept: no difference of this object is stored: '),
    })
    await passesFind('amount_differs')
    expect([await counted(), await overview()]).toEqual([1, 1])
    expect((await settle()).text).toMatch(/^--note is missing/)
    const settled = { code: 0, text: `${host()}: cs_kept is settled` }
    expect(await settle('--note', ' Sold by hand, ticket 18')).toEqual(settled)
    const [kept] = await query(
      databaseUrl,
      'select settled_by = session_user as by_role, note from differences',
    )
    expect(kept).toEqual({ by_role: true, note: 'Sold by hand, ticket 18' })
    expect((await settle('--note', 'n')).text).toBe(
      `${host()}: cs_kept: it was settled by hand already: nothing is changed`,
    )
    expect(await passesFind('amount_differs')).toEqual([{ confirmed: true, first: false, settled: true }])
    expect([await counted(), await overview()]).toEqual([0, 0])
    const others: [string, number][] = [
      ['amount_differs', -60],
      ['no_such_payment', -60],
    ]
    for (const other of others) {
      expect(await passesFind(...other)).toEqual([{ confirmed: true, first: true, settled: false }])
      expect([await counted(), await overview()]).toEqual([1, 1])
      expect((await settle('--note', 'n', '--json')).text).toContain(`"kind": "${other[0]}"`)
      expect(await counted()).toBe(0)
    }
  })

  it('is remembered for as long as it differs, however long nobody compares', async () => {
    await passesFind('amount_differs', -70)
    await query(databaseUrl, `update differences set last_seen_at = now() - interval '8 days'`)
    await settle('--note', 'n')
    expect(await call('forget_differences', { most: 10 })).toBe(0)
    const seen = { pass: 'only looks', watches: false, found: [finding('amount_differs', -70)] }
    expect(await call('watch_found', seen)).toEqual([{ confirmed: true, first: false, settled: true }])
    await call('watch_found', { pass: 'gone', watches: true, found: [{ ...finding('x'), kind: null }] })
    expect(await query(databaseUrl, 'select from differences')).toEqual([])
  })

  it('is one for a person: what --fix corrects is not settled', async () => {
    await passesFind('paid_not_credited', 50)
    expect((await settle('--note', 'n')).text).toContain('this is not a difference for a person')
    expect(await counted()).toBe(1)
  })
})

describe.each(['adjust', 'explain', 'settle', 'events', 'migrate'])('npm run %s', (command) => {
  it('has a help', async () => {
    const { code, text } = await run(command, '--help')
    expect([code, text]).toEqual([0, expect.stringContaining(`npm run ${command} -- `)])
  })
})
