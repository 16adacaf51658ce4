import { describe, expect, it } from 'vitest'
import { checkoutEvent, clerkEvent, randomId } from '../../local/events.ts'
import type { Statement } from '../support/transactions.ts'
import { during, heldCreate, heldDelete, heldPayment, verb } from './held.ts'
import { leave, signedUp, signUp } from './people.ts'
import {
  type Answer,
  allSaid,
  balance,
  deliver,
  eventRow,
  holdOpen,
  ledger,
  query,
  runScheduled,
  user,
} from './support.ts'

const COMPLETED = 'checkout.session.completed'
const T = '2026-05-01T12:00:00Z'

const count = (answers: Answer[], outcome: string) =>
  allSaid(answers).filter((text) => text === outcome).length

describe('simultaneous deliveries', () => {
  it('100 of one event credit once', async () => {
    const id = await signedUp()
    const event = checkoutEvent(COMPLETED, { user: id })
    const answers = await Promise.all(Array.from({ length: 100 }, () => deliver('stripe', event)))

    expect(count(answers, 'applied')).toBe(1)
    expect(count(answers, 'duplicate already_processed')).toBe(99)
    expect(await balance(id)).toBe(540)
    expect(await eventRow(event.id)).toMatchObject({ outcome: 'applied', attempts: 100 })
  })

  it('50 events of one payment credit once', async () => {
    const id = await signedUp()
    const events = Array.from({ length: 50 }, () =>
      checkoutEvent(COMPLETED, { user: id, payment: `pi_${id}` }),
    )
    const answers = await Promise.all(events.map((event) => deliver('stripe', event)))

    expect(count(answers, 'applied')).toBe(1)
    expect(count(answers, 'duplicate payment_already_credited')).toBe(49)
    expect(await balance(id)).toBe(540)
  })

  it('100 of one signup make one user and one bonus', async () => {
    const id = randomId('user')
    const events = Array.from({ length: 100 }, () =>
      clerkEvent('user.created', { user: id, at: Date.parse(T) }),
    )
    const answers = await Promise.all(events.map((event) => deliver('clerk', event)))
    expect(count(answers, 'applied')).toBe(100)
    expect(await balance(id)).toBe(40)
    expect(await ledger(id)).toHaveLength(1)
  })

  it('20 recorded without a user leave one row', async () => {
    const event = checkoutEvent('checkout.session.expired', { user: 'user_x' })
    await Promise.all(Array.from({ length: 20 }, () => deliver('stripe', event)))
    expect(await eventRow(event.id)).toMatchObject({ attempts: 20 })
  })

  it('two users who swap their addresses both end with their own', async () => {
    const [a, b, email] = [randomId('user'), randomId('user'), `${randomId('swap')}@example.com`]
    const claim = (id: string, address: string, at: number) =>
      deliver('clerk', clerkEvent('user.updated', { user: id, email: address, at }))
    await Promise.all([claim(a, `a.${email}`, 1e12), claim(b, `b.${email}`, 1e12)])
    const answers = await Promise.all([
      claim(a, `tmp.${email}`, 1e12 + 1),
      claim(b, `a.${email}`, 1e12 + 2),
      claim(a, `b.${email}`, 1e12 + 3),
    ])
    expect(answers.every(({ status }) => status === 200)).toBe(true)
    expect([(await user(a))?.email, (await user(b))?.email]).toEqual([`b.${email}`, `a.${email}`])
  })
})

describe('create beside delete', () => {
  async function endsDeleted(id: string) {
    expect((await user(id))?.deactivated_at ?? 'absent').not.toBeNull()
    const [wallet] = await query('select closed_at from wallets where user_id = $1', [id])
    expect(wallet?.closed_at).toBeInstanceOf(Date)
  }

  it('deletes when the creation was still open', async () => {
    const id = randomId('user')
    const answers = await during([heldCreate(id)], () => [leave(id)])
    expect(allSaid(answers)).toEqual(['applied'])
    await endsDeleted(id)
  })

  it('is stale when the deletion was still open', async () => {
    const id = randomId('user')
    const answers = await during([heldDelete(id)], () => [signUp(id)])
    expect(allSaid(answers)).toEqual(['stale user_deleted'])
    await endsDeleted(id)
    expect(await ledger(id)).toEqual([])
  })

  it('deletes also a user whom another program was just inserting', async () => {
    const id = randomId('user')
    const inserts: Statement[] = [
      ['insert into wallets (user_id) values ($1)', [id]],
      ['insert into users (id) values ($1)', [id]],
    ]
    await during(inserts, () => [leave(id)])
    await endsDeleted(id)
  })
})

describe('park beside create', () => {
  it('credits when the creation was still open', async () => {
    const id = randomId('user')
    const answers = await during([heldCreate(id)], () => [
      deliver('stripe', checkoutEvent(COMPLETED, { user: id })),
    ])
    expect(allSaid(answers)).toEqual(['applied'])
    expect(await balance(id)).toBe(540)
  })

  it('releases when the parking was still open', async () => {
    const id = randomId('user')
    const answers = await during([heldPayment(id)], () => [signUp(id)])
    expect(allSaid(answers)).toEqual(['applied'])
    expect(await balance(id)).toBe(540)
  })

  it('is corrected by the scheduled run if another program was just inserting the user', async () => {
    const id = randomId('user')
    const commit = await holdOpen(
      ['insert into wallets (user_id) values ($1)', [id]],
      ['insert into users (id) values ($1)', [id]],
    )
    expect(allSaid([await deliver('stripe', checkoutEvent(COMPLETED, { user: id }))])).toEqual([
      'parked unknown_user',
    ])
    await commit()
    await runScheduled()
    expect(await balance(id)).toBe(500)
  })
})

describe('a delivery that is only recorded, beside a deletion that erases', () => {
  const erasing = { env: { USER_DELETION: 'delete' } }
  const failed = (id: string) => checkoutEvent('checkout.session.async_payment_failed', { user: id })

  it('keeps no personal data, whichever was open', async () => {
    const [first, second] = [randomId('user'), randomId('user')]
    const late = failed(first)
    await during([heldDelete(first, true)], () => [deliver('stripe', late, erasing)])
    expect(JSON.stringify((await eventRow(late.id))?.payload)).not.toMatch(/Ada|example/)

    const open = failed(second)
    const recorded = verb(
      'record_delivery',
      open.type,
      { outcome: 'ignored', reason: 'no_effect', user_id: second },
      { event_id: open.id, body: JSON.stringify(open), erase: true },
    )
    await during([recorded], () => [leave(second, erasing)])
    await runScheduled(erasing.env)
    expect(JSON.stringify((await eventRow(open.id))?.payload)).not.toMatch(/Ada|example/)
  })
})

describe('park beside delete', () => {
  it('rejects the payment, whichever was open', async () => {
    const [first, second] = [randomId('user'), randomId('user')]
    const late = await during([heldDelete(first)], () => [
      deliver('stripe', checkoutEvent(COMPLETED, { user: first })),
    ])
    expect(allSaid(late)).toEqual(['rejected user_deactivated'])

    await during([heldPayment(second)], () => [leave(second)])
    const rows = await query(
      'select outcome, reason from webhook_events where user_id = $1 and provider = $2',
      [second, 'stripe'],
    )
    expect(rows).toEqual([{ outcome: 'rejected', reason: 'user_deactivated' }])
  })
})

describe('two first customers', () => {
  const pay = (id: string, customer: string) =>
    deliver('stripe', checkoutEvent(COMPLETED, { user: id, session: { customer } }))

  it('of one user: the one that was open is linked, the other is another one of the user', async () => {
    const id = await signedUp()
    const answers = await during([heldPayment(id, `cus_held_${id}`)], () => [pay(id, `cus_other_${id}`)])
    expect(allSaid(answers)).toEqual(['applied'])
    expect(await user(id)).toMatchObject({ stripe_customer_id: `cus_held_${id}` })
    expect(await balance(id)).toBe(1040)
  })

  it('of one user, linked by another program meanwhile: that one stays linked', async () => {
    const id = await signedUp()
    const held: Statement = ['update users set stripe_customer_id = $2 where id = $1', [id, `cus_held_${id}`]]
    expect(allSaid(await during([held], () => [pay(id, `cus_other_${id}`)]))).toEqual(['applied'])
    expect(await user(id)).toMatchObject({ stripe_customer_id: `cus_held_${id}` })
    expect(await balance(id)).toBe(540)
  })

  it('two users with one customer: the one that was open has it, the other is refused', async () => {
    const [id, other] = [await signedUp(), await signedUp()]
    const answers = await during([heldPayment(id, `cus_${id}`)], () => [pay(other, `cus_${id}`)])
    expect(allSaid(answers)).toEqual(['rejected customer_mismatch'])

    const [third, fourth] = [await signedUp(), await signedUp()]
    const raw: Statement = ['update users set stripe_customer_id = $2 where id = $1', [third, `cus_${third}`]]
    expect(allSaid(await during([raw], () => [pay(fourth, `cus_${third}`)]))).toEqual([
      'rejected customer_mismatch',
    ])
    expect(await balance(fourth)).toBe(40)
  })

  it('one payment for two users: the one that was open has it, the other is refused', async () => {
    const [id, other] = [await signedUp(), await signedUp()]
    const answers = await during([heldPayment(id, null, `pi_${id}`)], () => [
      deliver('stripe', checkoutEvent(COMPLETED, { user: other, payment: `pi_${id}` })),
    ])
    expect(allSaid(answers)).toEqual(['rejected payment_mismatch'])
    expect([await balance(id), await balance(other)]).toEqual([540, 40])
  })
})
