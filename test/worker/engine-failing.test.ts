import { describe, expect, it } from 'vitest'
import { invoiceEvent } from '../../local/billing-events.ts'
import { checkoutEvent, randomId } from '../../local/events.ts'
import { reversalEvent } from '../../local/reversal-events.ts'
import { logged, makeOnlyDue, scheduled } from './engine-support.ts'
import { link, signedUp, signUp } from './people.ts'
import { balance, deliver, eventRow, holdOpen, query, runScheduled, said } from './support.ts'

const COMPLETED = 'checkout.session.completed'
const PLANS = JSON.stringify({ price_pro: { key: 'pro', credits: 100 } })

/** Parks a payment of this user, and returns its event. */
async function parked(user: string, at?: number): Promise<string> {
  const event = checkoutEvent(COMPLETED, { user, ...(at && { at }) })
  expect(said(await deliver('stripe', event))).toBe('parked unknown_user')
  return event.id
}
/** Changes the stored effect so that Postgres refuses its content. Returns a function that restores it. */
async function broken(event: string): Promise<() => Promise<unknown>> {
  const set = (credits: string) =>
    query(`update webhook_events set effect = jsonb_set(effect, '{facts,credits}', $2) where event_id = $1`, [
      event,
      credits,
    ])
  await set('"many"')
  return () => set('500')
}
/** Minutes until a delivery is due again, and the number of its failed attempts. */
async function turn(event: string) {
  const [row] = await query<{ minutes: string; tries: number }>(
    `select round(extract(epoch from retry_at - now()) / 60) as minutes, tries from waiting where event_id = $1`,
    [event],
  )
  return row && [Number(row.minutes), row.tries]
}
const dueNow = (...events: string[]) =>
  query(`update waiting set retry_at = now() - interval '1 second' where event_id = any ($1)`, [events])

describe('a delivery whose effect fails', () => {
  it('keeps no other from its release, and is tried again by itself: twice as late each time, at most a day', async () => {
    const user = randomId('user')
    const events = [
      await parked(user, 1e12),
      await parked(user, 1e12 + 1000),
      await parked(user, 1e12 + 2000),
    ]
    const event = events[1] as string
    const mend = await broken(event)
    await signUp(user)
    expect(await balance(user)).toBe(1040)
    expect(await turn(event)).toEqual([2, 1])
    for (const expected of [
      [4, 2],
      [8, 3],
      [16, 4],
    ]) {
      await dueNow(event)
      await makeOnlyDue('retry_due')
      await scheduled()
      expect(await turn(event)).toEqual(expected)
    }
    await query('update waiting set tries = 40 where event_id = $1', [event])
    await dueNow(event)
    await makeOnlyDue('retry_due')
    await scheduled()
    expect(await turn(event)).toEqual([24 * 60, 41])

    await mend()
    await dueNow(event)
    await makeOnlyDue('retry_due')
    await scheduled()
    expect([await balance(user), await turn(event)]).toEqual([1540, undefined])
    expect(await eventRow(event)).toMatchObject({ outcome: 'applied', via: 'release' })
  })

  it('delays other due deliveries by at most three runs', async () => {
    const users = Array.from({ length: 13 }, () => randomId('user'))
    const events = []
    for (const user of users) events.push(await parked(user))
    const last = events.at(-1) as string
    for (const event of events) await broken(event)
    for (const user of users) await signUp(user)
    await query(
      `update webhook_events set effect = jsonb_set(effect, '{facts,credits}', '500') where event_id = $1`,
      [last],
    )
    await dueNow(...events.slice(0, -1))
    await query(`update waiting set retry_at = now() where event_id = $1`, [last])
    let runs = 0
    for (; (await balance(users.at(-1) as string)) === 40 && runs < 20; runs++) {
      await makeOnlyDue('retry_due')
      await scheduled()
    }
    expect(runs).toBeLessThan(4)
    // None was due a second time meanwhile.
    for (const event of events.slice(0, -1)) expect(await turn(event)).toEqual([4, 2])
  })

  it('uses up no turn of another that was taken with it, if it is kept away by a lock', async () => {
    const users = Array.from({ length: 4 }, () => randomId('user'))
    const events: string[] = []
    for (const user of users) {
      const event = await parked(user)
      events.push(event)
      const mend = await broken(event)
      await signUp(user)
      await mend()
    }
    for (const [place, event] of events.entries()) {
      await query(
        `update waiting set tries = 6, retry_at = now() - (4 - $2::integer) * interval '1 minute' where event_id = $1`,
        [event, place],
      )
    }
    const [a, b] = users
    const letGo = await holdOpen(['select lock_subjects($1, $2)', [`user:${a}`, `user:${b}`].toSorted()])
    await makeOnlyDue('retry_due')
    await scheduled()
    await letGo()
    expect(await Promise.all(events.map(turn))).toEqual([[128, 7], [128, 7], undefined, undefined])
    expect(await Promise.all(users.map(balance))).toEqual([40, 40, 540, 540])
  })

  it('is decided anew where it is delivered again', async () => {
    const user = randomId('user')
    const event = await parked(user)
    await broken(event)
    await signUp(user)
    const [row] = await query<{ payload: object }>('select payload from webhook_events where event_id = $1', [
      event,
    ])
    expect(said(await deliver('stripe', row?.payload as object))).toBe('applied')
    expect(await balance(user)).toBe(540)
  })
})

describe('the nightly comparison', () => {
  async function compare() {
    const lines = await logged(() => runScheduled({}, 'find_overlooked'))
    return lines.filter(({ reason }) => reason === 'overlooked').map(({ deliveries }) => deliveries)
  }

  it('finds what no release has found: of a user, a customer, a payment, and of what was given up', async () => {
    const [stranger, user] = [randomId('user'), await signedUp()]
    const [customer, given] = [`cus_${user}`, `cus_given_${user}`]
    await parked(stranger)
    const invoice = (customer: string) =>
      invoiceEvent('invoice.paid', {
        invoice: randomId('in'),
        subscription: randomId('sub'),
        customer,
        price: 'price_pro',
      })
    for (const unknown of [customer, given]) await deliver('stripe', invoice(unknown), { env: { PLANS } })
    await query(
      `update webhook_events set received_at = now() - interval '8 days' where effect->'facts'->>'stripe_customer_id' = $1`,
      [given],
    )
    await runScheduled({}, 'give_up')
    await deliver('stripe', reversalEvent('refund.created', { payment: `pi_${user}`, amount: 500 }))
    expect(await compare()).toEqual([])

    // Inserted by another program, which releases nothing.
    await query('insert into wallets (user_id) values ($1)', [stranger])
    await query('insert into stripe_customers (id, user_id) values ($1, $3), ($2, $3)', [
      customer,
      given,
      user,
    ])
    await query(
      `insert into payments (stripe_payment_id, user_id, credits, amount, currency) values ($1, $2, 50, 500, 'usd')`,
      [`pi_${user}`, user],
    )
    expect(await compare()).toEqual([4])
    await runScheduled({}, 'release_arrived')
    expect([await balance(stranger), await balance(user)]).toEqual([500, 40 + 200 - 50])
    expect(await compare()).toEqual([])
  })

  it('goes on where the slice before has ended, and begins again at the end', async () => {
    const [user, seen] = [randomId('user'), new Set<string>()]
    for (let i = 0; i < 7; i++) await parked(user)
    interface Slice {
      found: { after: string[] | null; overlooked: number }
    }
    for (let after: string[] | null = []; after !== null; ) {
      const facts: string = JSON.stringify({ after, most: 3 })
      const [slice] = await query<Slice>('select find_overlooked($1) as found', [facts])
      expect(slice?.found.overlooked).toBe(0)
      after = slice?.found.after ?? null
      if (after) seen.add(after.join())
    }
    const [waiting] = await query<{ number: number }>('select count(*)::integer as number from waiting')
    expect(seen.size).toBe(Math.floor((waiting?.number ?? 0) / 3))
  })

  it('leaves alone what waits for somebody else, though one of its subjects is here', async () => {
    const [holder, user] = [await signedUp(), await signedUp()]
    await link(holder)
    const event = checkoutEvent(COMPLETED, { user, session: { customer: `cus_${holder}` } })
    expect(said(await deliver('stripe', event))).toBe('rejected customer_mismatch')
    expect(await compare()).toEqual([])
  })
})
