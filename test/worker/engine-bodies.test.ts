import { describe, expect, it } from 'vitest'
import { checkoutEvent, clerkEvent, randomId } from '../../local/events.ts'
import { logged, makeOnlyDue, scheduled } from './engine-support.ts'
import { signedUp } from './people.ts'
import { balance, query, send } from './support.ts'

const COMPLETED = 'checkout.session.completed'
/** The limit of a stored payload as text, however small its body was. */
const MOST_TEXT = 3_000_000

/** Repeats one number up to this many bytes. */
const numbers = (number: string, bytes: number) =>
  `[${Array.from({ length: Math.floor(bytes / (number.length + 1)) }, () => number).join()}]`

/** Returns the event with this additional member in its object. */
const withMember = (event: object, json: string) =>
  JSON.stringify(event).replace('"data":{', `"data":{"numbers":${json},`)
/** An event in an unreadable form with this member. */
const unreadable = (event: string, json: string) =>
  `{"id":"${event}","object":"event","type":"${COMPLETED}","livemode":false,"data":{"numbers":${json}}}`

const stored = async (event: string) => {
  const [row] = await query<{
    outcome: string
    reason: string | null
    text: string | null
    tries: number | null
  }>(
    `select outcome, reason, length(payload::text) as text, tries from webhook_events
     left join waiting using (provider, event_id) where event_id = $1`,
    [event],
  )
  return row
}

/** Starts a scheduled run in which every unreadable delivery is due. Returns what it logs besides deliveries. */
async function runRetries(): Promise<unknown[]> {
  await query('update waiting set retry_at = now() where retry_at is not null')
  await makeOnlyDue('retry_due')
  const lines = await logged(() => scheduled())
  return lines.filter(({ message }) => message !== 'delivery')
}

const bodies = [
  '1e131000',
  '-1E+131000',
  '1.5e131000',
  '1e-16000',
  '1e308',
  '12e300',
  '1e000000000308',
].flatMap((number) => [7_000, 72_000].map((bytes): [string, number] => [number, bytes]))

describe('a small body of numbers that jsonb would write out', () => {
  it.each(bodies)(
    '%s, %i bytes of it: becomes no huge text, readable or not, and the run goes on',
    async (number, bytes) => {
      const user = await signedUp()
      const event = checkoutEvent(COMPLETED, { user })
      const paid = await send('stripe', withMember(event, numbers(number, bytes)))
      expect([paid.status, ((await paid.json()) as { outcome: string }).outcome]).toEqual([200, 'applied'])
      expect(await balance(user)).toBe(540)

      const unread = [randomId('evt'), randomId('evt')]
      for (const id of unread)
        expect((await send('stripe', unreadable(id, numbers(number, bytes)))).status).toBe(200)
      for (const id of [event.id, ...unread])
        expect(Number((await stored(id))?.text ?? 0)).toBeLessThan(MOST_TEXT)

      const startedAt = Date.now()
      expect(await runRetries()).toEqual([])
      expect(Date.now() - startedAt).toBeLessThan(20_000)
    },
  )

  it('of Clerk brings its user all the same', async () => {
    const user = randomId('user')
    const body = withMember(clerkEvent('user.created', { user }), numbers('1e131000', 7_000))
    expect((await send('clerk', body)).status).toBe(200)
    expect(await balance(user)).toBe(40)
  })

  it('is no body with ids and words that merely look so', async () => {
    const event = checkoutEvent(COMPLETED, { user: await signedUp() })
    const words = JSON.stringify(['cs_1e999999', '1e999999', 'a1E99999999', { '5e999999': '5e999999' }])
    await send('stripe', withMember(event, words))
    expect((await stored(event.id))?.text).not.toBeNull()
  })
})

describe('the largest body that is taken', () => {
  /** Just below 1 MB of the text that becomes longest in the database, and in the response to a reader. */
  const largest = {
    'of numbers': `[${'1e131000,'.repeat(7)}${numbers('1', 1_040_000).slice(1)}`,
    'of quotes': numbers('""', 1_040_000),
    'of backslashes': `"${'\\\\'.repeat(520_000)}"`,
    'of controls': `"${'\\u0001'.repeat(170_000)}"`,
  }
  it.each(Object.entries(largest))('%s has its turn, and keeps no other from theirs', async (_name, json) => {
    const [large, ...others] = Array.from({ length: 4 }, () => randomId('evt'))
    expect((await send('stripe', unreadable(large as string, json))).status).toBe(200)
    for (const id of others) await send('stripe', unreadable(id, '[]'))
    expect((await stored(large as string))?.text).not.toBeNull()
    await query(`update waiting set tries = 0`)
    await query(`update waiting set retry_at = now() - interval '1 hour' where event_id = $1`, [large])
    await query(`update waiting set retry_at = now() where event_id = any ($1)`, [others])
    // It may be the only delivery that one run takes.
    for (let run = 0; run < 2; run++) {
      await makeOnlyDue('retry_due')
      expect((await logged(() => scheduled())).filter(({ message }) => message === 'task failed')).toEqual([])
    }
    for (const id of [large as string, ...others]) expect([id, (await stored(id))?.tries]).toEqual([id, 1])
  })
})
