import { describe, expect, it } from 'vitest'
import { randomId } from '../../local/events.ts'
import { GRANTS, grant } from './account-support.ts'
import { TELLING as env, type Heard, heardOf, receiver, sendAll } from './outgoing-support.ts'
import { signUp } from './people.ts'
import { query, runScheduled } from './support.ts'

const app = receiver()
const status = (code: number) => () => new Response(null, { status: code })
const sequences = (id: string) => heardOf(app, id).map(({ data }) => data.sequence)

interface Row {
  id: string
  state: string
  tries: number
  next_at: Date | null
}
const rows = (id: string) =>
  query<Row>('select * from outgoing_events where user_id = $1 order by sequence', [id])

/** As `npm run events -- --resend` does. */
async function resend(...ids: (string | undefined)[]): Promise<number> {
  const facts = JSON.stringify({ ids, most: 1_000 })
  const [row] = await query<{ answer: { resent: number } }>('select resend_events($1) as answer', [facts])
  return row?.answer.resent ?? 0
}

const more = (id: string) =>
  grant({ user_id: id, amount: 1, idempotency_key: randomId('key'), note: 'More' }, { ...GRANTS, ...env })

/** A user whose first event, `user.created`, was undelivered, and whose second one was delivered. */
async function userWithUndelivered(): Promise<{ id: string; first: string }> {
  const id = randomId('user')
  app.says = ({ type }) => new Response(null, { status: type === 'user.created' ? 400 : 200 })
  await signUp(id, {}, { env })
  await sendAll(env)
  const [first, second] = await rows(id)
  expect([first?.state, second?.state]).toEqual(['undelivered', 'sent'])
  app.says = status(200)
  return { id, first: first?.id ?? '' }
}

describe('an event that is sent again', () => {
  it('has the same id and the same body, to the byte', async () => {
    const { id, first } = await userWithUndelivered()
    const earlier = app.inits[app.sent.findIndex((sent) => sent.id === first)]?.body
    await query(`update outgoing_events set created_at = created_at - interval '4 days' where id = $1`, [
      first,
    ])
    const body = JSON.parse(String(earlier))
    body.timestamp = new Date(Date.parse(body.timestamp) - 4 * 86_400_000).toISOString()
    expect(await resend(first)).toBe(1)
    await sendAll(env)
    expect(sequences(id)).toEqual([2, 1])
    expect([app.sent.at(-1)?.id, app.inits.at(-1)?.body]).toEqual([first, JSON.stringify(body)])
  })

  it('has three days again, and not more', async () => {
    const { first } = await userWithUndelivered()
    await query(`update outgoing_events set created_at = created_at - interval '4 days' where id = $1`, [
      first,
    ])
    app.says = status(500)
    await resend(first)
    await runScheduled(env, 'send_events')
    const state = async () =>
      (await query<Row>('select * from outgoing_events where id = $1', [first])).map((row) => row.state)
    expect(await state()).toEqual(['open'])
    await query(
      `update outgoing_events set resent_at = now() - interval '73 hours', next_at = now() where id = $1`,
      [first],
    )
    await runScheduled(env, 'send_events')
    expect(await state()).toEqual(['undelivered'])
  })

  it('waits until the one that is on its way has arrived, or its lease is over', async () => {
    const { id, first } = await userWithUndelivered()
    let arrive = () => {}
    const arriving = new Promise<Response>((resolve) => {
      arrive = () => resolve(new Response(null, { status: 200 }))
    })
    const onItsWay = new Promise<void>((resolve) => {
      app.says = () => {
        resolve()
        return arriving
      }
    })
    const granting = more(id)
    await onItsWay
    expect(await resend(first)).toBe(1)
    await runScheduled(env, 'send_events')
    expect(sequences(id)).toEqual([2])
    const [again, , third] = await rows(id)
    expect(third).toMatchObject({ state: 'open', next_at: null })
    expect(Number(again?.next_at) - Date.now()).toBeGreaterThan(0)
    arrive()
    await granting
    app.says = status(200)
    await sendAll(env)
    expect(sequences(id)).toEqual([2, 3, 1])
  })

  it('goes before one that waits for its next try', async () => {
    const { id, first } = await userWithUndelivered()
    app.says = status(503)
    await more(id)
    await query(`update outgoing_events set next_at = now() + interval '6 hours' where next_at is not null`)
    app.says = status(200)
    await resend(first)
    await runScheduled(env, 'send_events')
    expect(sequences(id)).toEqual([2, 1, 3])
  })

  it('keeps its turn although the end of the one before it comes late', async () => {
    const { id, first } = await userWithUndelivered()
    app.says = status(503)
    await more(id)
    const third = (await rows(id))[2]
    await query(`update outgoing_events set next_at = now() + interval '6 hours' where next_at is not null`)
    await resend(first)
    const late = { id: third?.id, tries: third?.tries, good: false, refused: false, status: 503, go_on: true }
    await query('select end_outgoing($1)', [JSON.stringify(late)])
    expect((await rows(id)).map(({ next_at }) => next_at !== null)).toEqual([true, false, false])
  })
})

describe('random sends, failures and resends', () => {
  it('never have two events of a user on their way, and begin each in its order', async () => {
    const ids = await Promise.all(Array.from({ length: 3 }, () => randomId('user')))
    const onTheirWay = new Map<unknown, number>()
    let most = 0
    app.says = async ({ data: { user_id } }: Heard) => {
      const now = (onTheirWay.get(user_id) ?? 0) + 1
      onTheirWay.set(user_id, now)
      most = Math.max(most, now)
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 20))
      onTheirWay.set(user_id, now - 1)
      return new Response(null, { status: [200, 200, 400, 500][Math.floor(Math.random() * 4)] as number })
    }
    await Promise.all(ids.map((id) => signUp(id, {}, { env })))
    for (let round = 0; round < 12; round++) {
      const ended = await query<Row>(`select id from outgoing_events where state <> 'open'`)
      const some = ended.map(({ id }) => id).filter(() => Math.random() < 0.3)
      await Promise.all([
        ...ids.map((id) => more(id)),
        runScheduled(env, 'send_events'),
        ...some.map((id) => resend(id)),
      ])
      // Hours later: every lease and every backoff is over, and nothing is in flight.
      await query(`update outgoing_events set next_at = now() where next_at is not null`)
      const turns = await query(
        `select from outgoing_events where next_at is not null group by user_id having count(*) > 1`,
      )
      expect(turns).toEqual([])
    }
    app.says = status(200)
    await resend(
      ...(await query<Row>(`select id from outgoing_events where state = 'undelivered'`)).map(({ id }) => id),
    )
    await sendAll(env)
    expect(most).toBe(1)
    for (const id of ids) {
      const begun = [...new Set(app.sent.flatMap(({ data }) => (data.user_id === id ? [data.sequence] : [])))]
      expect(begun).toEqual(Array.from({ length: 14 }, (_, n) => n + 1))
      expect(new Set(sequences(id)).size).toBe(14)
    }
  }, 300_000)
})
