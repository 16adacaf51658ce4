import { afterAll, beforeAll, expect, it } from 'vitest'
import { randomId } from '../../local/ids.ts'
import { claimOf, invoiceOf, ownDatabase } from './engine-support.ts'

let db: Awaited<ReturnType<typeof ownDatabase>>
beforeAll(async () => {
  db = await ownDatabase()
})
afterAll(() => db.stop())

const number = (text: unknown) => Number((text as { balance: string }[])[0]?.balance)
const balanceOf = async (user: string) =>
  number(await db.owner.rows('select balance from wallets where user_id = $1', [user]))

/** A user, and this many paid invoices that wait until their customer's user is known. */
async function waitingInvoices(number: number) {
  const [user, customer] = [randomId('user'), randomId('cus')]
  await db.owner.verb('sync_user', claimOf(user), { provider: 'clerk' })
  for (let i = 0; i < number; i++) {
    const occurred_at = new Date(Date.UTC(2026, 0, 1) + i * 1000)
    await db.owner.verb('grant_plan', invoiceOf(customer, randomId('in')), { occurred_at })
  }
  return { user, customer, link: { user_id: user, stripe_customer_id: customer } }
}

async function releaseAll(): Promise<void> {
  await db.owner.rows(`update arrived set due_at = now()`)
  while ((await db.owner.call('release_arrived', { most: 10, erase: false })).more);
}

it('a customer that is linked again while a run releases what is left of it: nobody is in the other’s way', async () => {
  const { user, customer, link } = await waitingInvoices(90)
  await db.owner.verb('link_customer', link)
  expect(await balanceOf(user)).toBe(2500)

  const before = await db.deadlocks()
  const [delivery, run] = [await db.connect(), await db.connect()]
  await delivery.rows('begin')
  await delivery.rows(`select lock_subjects($1)`, [`customer:${customer}`])
  const released = run.call('release_arrived', { most: 10, erase: false })
  await Promise.race([released, db.waits(run)])
  await delivery.verb('link_customer', link)
  await delivery.rows('commit')
  await released
  await releaseAll()
  expect(await balanceOf(user)).toBe(9000)
  expect(await db.owner.rows('select from arrived')).toEqual([])
  expect(await db.deadlocks()).toBe(before)
})

it('a run whose bite is still open loses nothing of a second arrival, whether the bite commits or is rolled back', async () => {
  for (const end of ['commit', 'rollback']) {
    const { user, link } = await waitingInvoices(90)
    await db.owner.verb('link_customer', link)
    const [delivery, run] = [await db.connect(), await db.connect()]
    await run.rows('begin')
    await run.call('release_arrived', { most: 10, erase: false })
    const linked = delivery.verb('link_customer', link)
    await db.waits(delivery)
    await run.rows(end)
    await linked
    // Each link releases 25, and the run 10.
    expect(await balanceOf(user)).toBe(end === 'commit' ? 6000 : 5000)
    await releaseAll()
    expect(await balanceOf(user)).toBe(9000)
  }
})

it('a link whose commit is still open: the run leaves its customer to the next one, and releases the others', async () => {
  const [held, free] = [await waitingInvoices(60), await waitingInvoices(60)]
  for (const { link } of [held, free]) await db.owner.verb('link_customer', link)
  const [delivery, run] = [await db.connect(), await db.connect()]
  await delivery.rows('begin')
  await delivery.verb('link_customer', held.link)
  const bites = []
  while ((await run.call('release_arrived', { most: 200, erase: false })).more) bites.push(bites.length)
  expect(bites.length).toBeLessThan(3)
  expect(await balanceOf(free.user)).toBe(6000)
  await delivery.rows('commit')
  expect(await balanceOf(held.user)).toBe(5000)
  await releaseAll()
  expect(await balanceOf(held.user)).toBe(6000)
})

interface Taken {
  due: { event_id: string }[]
  more: boolean
}

it('two runs at once release everything once', async () => {
  const made = []
  for (let i = 0; i < 6; i++) made.push(await waitingInvoices(40))
  for (const { link } of made) await db.owner.verb('link_customer', link)
  const before = await db.deadlocks()
  const runs = [await db.connect(), await db.connect(), await db.connect()]
  const released = (await Promise.all(
    runs.map((run) => run.call('release_arrived', { most: 200, erase: false })),
  )) as { released: { event_id: string }[] }[]
  const events = released.flatMap(({ released }) => released.map(({ event_id }) => event_id))
  expect(new Set(events).size).toBe(events.length)
  await releaseAll()
  for (const { user } of made) expect(await balanceOf(user)).toBe(4000)
  expect(await db.deadlocks()).toBe(before)
})

it('two runs at once never take the same delivery to try again, and wait for nobody who settles one', async () => {
  const { customer } = await waitingInvoices(30)
  await db.owner.rows(`update waiting set retry_at = now() - interval '1 minute' where subject = $1`, [
    `customer:${customer}`,
  ])
  await db.owner.rows(`insert into waiting (subject, provider, event_id, occurred_at, retry_at)
    select 'payment:of_' || event_id, provider, event_id, occurred_at, retry_at from waiting where retry_at is not null`)
  const [first, second, delivery] = [await db.connect(), await db.connect(), await db.connect()]
  await delivery.rows('begin')
  await delivery.rows(`delete from waiting where subject = (select min(subject) from waiting where retry_at is not null
    and subject like 'payment:of_%')`)
  await first.rows('begin')
  const take = { most: 10, bytes: 4_000_000 }
  const { due: one } = await first.call<Taken>('take_due', take)
  const { due: two } = await second.call<Taken>('take_due', { ...take, most: 100 })
  await first.rows('commit')
  await delivery.rows('commit')
  const events = [...one, ...two].map(({ event_id }) => event_id)
  expect([one.length > 0, events.length, new Set(events).size]).toEqual([true, 30, 30])
  expect(await second.call('take_due', take)).toEqual({ due: [], more: false })
})

it('a run that marks what the deleted still pay for waits for nobody who stores a subscription', async () => {
  const [user, customer] = [randomId('user'), randomId('cus')]
  await db.owner.verb('sync_user', claimOf(user), { provider: 'clerk' })
  await db.owner.verb('link_customer', { user_id: user, stripe_customer_id: customer })
  const state = { status: 'active', cancel_at_period_end: false, created_at: '2026-01-01T00:00:00Z' }
  const stored = (n: number, connection = db.owner) =>
    connection.verb(
      'sync_subscription',
      { stripe_subscription_id: `sub_${n}_${user}`, stripe_customer_id: customer, source: 'updated', state },
      { occurred_at: new Date(Date.UTC(2026, 0, 1 + n + (connection === db.owner ? 0 : 9))) },
    )
  for (const n of [1, 2]) await stored(n)
  await db.owner.verb('close_user', { user_id: user }, { provider: 'clerk' })
  const marked = () =>
    db.owner.rows('select from subscriptions where user_id = $1 and cancel_due_at is not null', [user])
  const [delivery, run] = [await db.connect(), await db.connect()]
  await delivery.rows('begin')
  await stored(2, delivery)
  expect(await run.call('mark_orphans', { since: null, most: 1000 })).toMatchObject({ marked: 1 })
  await stored(1, delivery)
  await delivery.rows('commit')
  expect(await marked()).toHaveLength(2)
})
