import { describe, expect, it } from 'vitest'
import { checkoutEvent, clerkEvent, randomId } from '../../local/events.ts'
import { leave, signUp } from './people.ts'
import { balance, deliver, eventRow, ledger, query, runScheduled, send, user } from './support.ts'

const T = Date.parse('2026-05-01T12:00:00Z')
const newUser = () => randomId('user')

describe('user.created', () => {
  it('creates the user, opens the wallet and grants the signup bonus', async () => {
    const id = newUser()
    const answer = await deliver('clerk', clerkEvent('user.created', { user: id, at: T }), {
      id: `msg_${id}`,
    })

    expect(answer).toEqual({
      status: 200,
      event: `msg_${id}`,
      type: 'user.created',
      outcome: 'applied',
      reason: null,
    })
    expect(await user(id)).toMatchObject({
      email: `${id}@example.com`,
      email_verified: true,
      name: 'Ada Lovelace',
      provisioned_by: 'webhook',
      deactivated_at: null,
      clerk_updated_at: new Date(T),
    })
    expect(await balance(id)).toBe(40)
    expect(await ledger(id)).toMatchObject([
      { kind: 'signup_bonus', amount: '40', idempotency_key: `signup_bonus:${id}` },
    ])
    expect(await eventRow(`msg_${id}`)).toMatchObject({
      provider: 'clerk',
      type: 'user.created',
      outcome: 'applied',
      reason: null,
      user_id: id,
      via: 'webhook',
      attempts: 1,
      occurred_at: new Date(T),
      payload: { data: { id } },
    })
  })

  it('reports a redelivery as a duplicate, and the row keeps its outcome', async () => {
    const id = newUser()
    const event = clerkEvent('user.created', { user: id })
    await deliver('clerk', event, { id: `msg_${id}` })
    const again = await deliver('clerk', event, { id: `msg_${id}` })

    expect(again).toMatchObject({ status: 200, outcome: 'duplicate', reason: 'already_processed' })
    expect(await eventRow(`msg_${id}`)).toMatchObject({ outcome: 'applied', reason: null, attempts: 2 })
    expect(await balance(id)).toBe(40)
  })

  it('grants no bonus when it is set to nothing, nor later to users who were there before it was raised', async () => {
    const id = newUser()
    await deliver('clerk', clerkEvent('user.created', { user: id, at: T }), {
      env: { SIGNUP_BONUS_CREDITS: '0' },
    })
    expect(await ledger(id)).toEqual([])
    await deliver('clerk', clerkEvent('user.updated', { user: id, at: T + 1 }), {
      env: { SIGNUP_BONUS_CREDITS: '100' },
    })
    expect(await balance(id)).toBe(0)
  })

  it('completes a user whom the session path had made before, and grants the bonus that no session grants', async () => {
    const id = newUser()
    await query('insert into wallets (user_id) values ($1)', [id])
    await query(`insert into users (id, provisioned_by) values ($1, 'session')`, [id])
    const answer = await deliver('clerk', clerkEvent('user.created', { user: id, at: T }))

    expect(answer).toMatchObject({ outcome: 'applied' })
    expect(await user(id)).toMatchObject({
      email: `${id}@example.com`,
      provisioned_by: 'session',
      clerk_updated_at: new Date(T),
    })
    expect(await balance(id)).toBe(40)
  })
})

describe('the order of user events', () => {
  it('lets user.updated create the user when it comes first, and calls user.created stale then', async () => {
    const id = newUser()
    const updated = await deliver(
      'clerk',
      clerkEvent('user.updated', { user: id, at: T + 5, data: { first_name: 'New' } }),
    )
    const created = await deliver(
      'clerk',
      clerkEvent('user.created', { user: id, at: T, data: { first_name: 'Old' } }),
    )

    expect(updated).toMatchObject({ outcome: 'applied' })
    expect(created).toMatchObject({ outcome: 'stale', reason: 'older_than_stored' })
    expect(await user(id)).toMatchObject({ name: 'New Lovelace' })
    expect(await balance(id)).toBe(40)
  })

  it('orders by data.updated_at to the millisecond, and not by the envelope', async () => {
    const id = newUser()
    await deliver('clerk', { ...clerkEvent('user.updated', { user: id, at: T + 1 }), timestamp: T - 9_000 })
    const older = await deliver('clerk', {
      ...clerkEvent('user.updated', { user: id, at: T }),
      timestamp: T + 9_000,
    })
    expect(older).toMatchObject({ outcome: 'stale', reason: 'older_than_stored' })
  })

  it('applies an equal timestamp idempotently', async () => {
    const id = newUser()
    await signUp(id, { at: T })
    const equal = await deliver(
      'clerk',
      clerkEvent('user.updated', { user: id, at: T, data: { first_name: 'Same' } }),
    )
    expect(equal).toMatchObject({ outcome: 'applied' })
    expect(await user(id)).toMatchObject({ name: 'Same Lovelace' })
    expect(await balance(id)).toBe(40)
  })

  it('reads a timestamp in seconds, as the published examples have it, as the same moment', async () => {
    const id = newUser()
    await deliver('clerk', clerkEvent('user.created', { user: id, data: { updated_at: T / 1000 } }))
    expect(await user(id)).toMatchObject({ clerk_updated_at: new Date(T) })
  })
})

describe('e-mail and name', () => {
  const addresses = [
    { id: 'idn_1', email_address: 'first@example.com', verification: { status: 'verified' } },
    { id: 'idn_2', email_address: 'second@example.com', verification: { status: 'verified' } },
  ]

  async function emailOf(data: Record<string, unknown>) {
    const id = newUser()
    const unique = addresses.map((address) => ({
      ...address,
      email_address: `${id}.${address.email_address}`,
    }))
    await deliver(
      'clerk',
      clerkEvent('user.created', { user: id, data: { email_addresses: unique, ...data } }),
    )
    return String((await user(id))?.email).replace(`${id}.`, '')
  }

  it('takes the primary address by its id', async () => {
    expect(await emailOf({ primary_email_address_id: 'idn_2' })).toBe('second@example.com')
  })

  it('takes the first address when the primary id is null or dangles', async () => {
    expect(await emailOf({ primary_email_address_id: null })).toBe('first@example.com')
    expect(await emailOf({ primary_email_address_id: 'idn_gone' })).toBe('first@example.com')
  })

  it('refuses a user without any address with 400, and tells Svix not to retry', async () => {
    const id = newUser()
    const response = await send(
      'clerk',
      JSON.stringify(clerkEvent('user.created', { user: id, email: null })),
      {
        id: `msg_${id}`,
      },
    )
    expect(response.status).toBe(400)
    expect(response.headers.get('webhook-delivery')).toBe('abort-message')
    expect(await response.json()).toEqual({
      event: `msg_${id}`,
      type: 'user.created',
      outcome: 'rejected',
      reason: 'missing_email',
    })
    expect(await user(id)).toBeUndefined()
    expect(await balance(id)).toBeNull()
    expect(await eventRow(`msg_${id}`)).toMatchObject({
      outcome: 'rejected',
      reason: 'missing_email',
      user_id: id,
    })
  })

  it('accepts the same delivery once REQUIRE_EMAIL is "false"', async () => {
    const id = newUser()
    const event = clerkEvent('user.created', { user: id, email: null })
    await deliver('clerk', event, { id: `msg_${id}` })
    const again = await deliver('clerk', event, { id: `msg_${id}`, env: { REQUIRE_EMAIL: 'false' } })
    expect(again).toMatchObject({ status: 200, outcome: 'applied' })
    expect(await user(id)).toMatchObject({ email: null })
    expect(await eventRow(`msg_${id}`)).toMatchObject({ outcome: 'applied', reason: null, attempts: 2 })
  })

  it('ignores an address that no mail server would accept', async () => {
    const tooLong = { id: 'idn_1', email_address: `${crypto.randomUUID().repeat(200)}@example.com` }
    const data = { email_addresses: [tooLong, addresses[1]], primary_email_address_id: 'idn_1' }
    expect(await deliver('clerk', clerkEvent('user.created', { user: newUser(), data }))).toMatchObject({
      outcome: 'applied',
    })
    const alone = clerkEvent('user.created', { user: newUser(), data: { email_addresses: [tooLong] } })
    expect(await deliver('clerk', alone)).toMatchObject({ status: 400, reason: 'missing_email' })
  })

  it.each([
    [{ first_name: 'Ada', last_name: 'Lovelace' }, 'Ada Lovelace'],
    [{ first_name: 'Ada', last_name: null }, 'Ada'],
    [{ first_name: null, last_name: 'Lovelace' }, 'Lovelace'],
    [{ first_name: null, last_name: null, username: 'ada' }, 'ada'],
    [{ first_name: ' ', last_name: '', username: null }, null],
    [{ first_name: '李', last_name: '小龍 🐉' }, '李 小龍 🐉'],
    [{ first_name: 'A\u0000da', last_name: '\ud800Lovelace' }, 'Ada \ufffdLovelace'],
  ])('names %o as %s', async (data, name) => {
    const id = newUser()
    expect(await deliver('clerk', clerkEvent('user.created', { user: id, data }))).toMatchObject({
      outcome: 'applied',
    })
    expect(await user(id)).toMatchObject({ name })
  })
})

describe('an address that moves between users', () => {
  const claim = (id: string, email: string, at: number, verified = true) =>
    deliver('clerk', clerkEvent('user.updated', { user: id, email, at, verified }))

  it('belongs to the user whose data is newer at Clerk, in upper or lower case, whichever delivery comes first', async () => {
    for (const crossed of [false, true]) {
      const [from, to, email] = [newUser(), newUser(), `${randomId('moving')}@example.com`]
      const leaves = () => claim(from, `new.${email}`, T + 10)
      const takes = () => claim(to, email.toUpperCase(), T + 20)
      await claim(from, email, T)
      const answers = crossed ? [await takes(), await leaves()] : [await leaves(), await takes()]

      expect(answers).toMatchObject([{ outcome: 'applied' }, { outcome: 'applied' }])
      expect(await user(from)).toMatchObject({ email: `new.${email}` })
      expect(await user(to)).toMatchObject({ email: email.toUpperCase() })
    }
  })

  it('is null for the older claim while the deliveries cross', async () => {
    const [from, to, email] = [newUser(), newUser(), `${randomId('moving')}@example.com`]
    await claim(to, email, T + 20)
    expect(await claim(from, email, T)).toMatchObject({ outcome: 'applied' })
    expect(await user(from)).toMatchObject({ email: null })
    expect(await user(to)).toMatchObject({ email })
  })

  it('is never taken from another active user by an unverified claim, in either order', async () => {
    const [holder, claimant, email] = [newUser(), newUser(), `${randomId('held')}@example.com`]
    await claim(holder, email, T)
    expect(await claim(claimant, email, T + 20, false)).toMatchObject({ outcome: 'applied' })
    expect(await user(claimant)).toMatchObject({ email: null })
    expect(await user(holder)).toMatchObject({ email })

    const [late, early, other] = [newUser(), newUser(), `${randomId('held')}@example.com`]
    await claim(early, other, T + 20, false)
    await claim(late, other, T)
    expect(await user(late)).toMatchObject({ email: other })
    expect(await user(early)).toMatchObject({ email: null })
  })

  it('is free again when its user was deleted', async () => {
    const [gone, next, email] = [newUser(), newUser(), `${randomId('freed')}@example.com`]
    await claim(gone, email, T + 50)
    await leave(gone)
    await claim(next, email, T, false)
    expect(await user(next)).toMatchObject({ email })
  })
})

describe('user.deleted', () => {
  it('closes the wallet and deactivates the user, and everything after it is stale', async () => {
    const id = newUser()
    await signUp(id, { at: T })
    expect(await deliver('clerk', clerkEvent('user.deleted', { user: id }))).toMatchObject({
      outcome: 'applied',
    })
    for (const type of ['user.updated', 'user.created'] as const) {
      const late = await deliver('clerk', clerkEvent(type, { user: id, at: T + 99_000 }))
      expect(late).toMatchObject({ status: 200, outcome: 'stale', reason: 'user_deleted' })
    }
    expect((await user(id))?.deactivated_at).toBeInstanceOf(Date)
    expect(await balance(id)).toBe(40)
  })

  it('leaves a tombstone when it comes before user.created', async () => {
    const id = newUser()
    expect(await deliver('clerk', clerkEvent('user.deleted', { user: id }))).toMatchObject({
      outcome: 'applied',
    })
    expect(await deliver('clerk', clerkEvent('user.created', { user: id }))).toMatchObject({
      reason: 'user_deleted',
    })
    expect(await user(id)).toBeUndefined()
    expect(await balance(id)).toBe(0)
    expect(await ledger(id)).toEqual([])
  })

  it('is a duplicate when another event reports it again', async () => {
    const id = newUser()
    await leave(id)
    const again = await deliver('clerk', clerkEvent('user.deleted', { user: id }))
    expect(again).toMatchObject({ outcome: 'duplicate', reason: 'already_processed' })
  })

  it('counts before the check for an address: a late event without one is stale, as is an older one', async () => {
    const [gone, changed] = [newUser(), newUser()]
    await leave(gone)
    await deliver('clerk', clerkEvent('user.updated', { user: changed, at: T + 5 }))
    const late = await deliver('clerk', clerkEvent('user.updated', { user: gone, email: null }))
    const older = await deliver('clerk', clerkEvent('user.created', { user: changed, email: null, at: T }))
    expect(late).toMatchObject({ status: 200, outcome: 'stale', reason: 'user_deleted' })
    expect(older).toMatchObject({ status: 200, outcome: 'stale', reason: 'older_than_stored' })
  })

  it('rejects also what could not be read of the user', async () => {
    const id = newUser()
    const answer = await deliver('clerk', { type: 'user.updated', data: { id } })
    expect(answer).toMatchObject({ outcome: 'parked', reason: 'unreadable' })
    await leave(id)
    expect(await eventRow(answer.event)).toMatchObject({ outcome: 'rejected', reason: 'user_deactivated' })
  })

  it('is parked as unreadable when it names no user', async () => {
    const answer = await deliver('clerk', clerkEvent('user.deleted', { user: 'x', data: { id: undefined } }))
    expect(answer).toMatchObject({ status: 200, outcome: 'parked', reason: 'unreadable' })
  })

  it('rejects what was parked for the user, and payments that come late', async () => {
    const id = newUser()
    const parked = checkoutEvent('checkout.session.completed', { user: id })
    expect(await deliver('stripe', parked)).toMatchObject({ outcome: 'parked', reason: 'unknown_user' })
    await leave(id)
    expect(await eventRow(parked.id)).toMatchObject({ outcome: 'rejected', reason: 'user_deactivated' })
    expect((await eventRow(parked.id))?.settled_at).toBeInstanceOf(Date)

    const late = await deliver('stripe', checkoutEvent('checkout.session.completed', { user: id }))
    expect(late).toMatchObject({ outcome: 'rejected', reason: 'user_deactivated' })
    expect(await ledger(id)).toEqual([])
  })
})

describe('USER_DELETION "delete"', () => {
  const erasing = { env: { USER_DELETION: 'delete' } }

  it('erases what comes again, also where the delivery names the user no more', async () => {
    const id = newUser()
    const session = { metadata: { user_id: id, credits: 'many' } }
    const refused = checkoutEvent('checkout.session.completed', { user: id, session })
    await deliver('clerk', clerkEvent('user.created', { user: id, at: T }), erasing)
    expect(await deliver('stripe', refused, erasing)).toMatchObject({ reason: 'invalid_metadata' })
    await deliver('clerk', clerkEvent('user.deleted', { user: id }), erasing)
    await deliver('stripe', refused, erasing)
    const nameless = checkoutEvent('checkout.session.completed', {
      user: id,
      event: refused.id,
      session: { mode: 'barter', metadata: {}, client_reference_id: null },
    })
    await deliver('stripe', nameless, erasing)

    expect(await eventRow(refused.id)).toMatchObject({ user_id: id, attempts: 3, payload: null })
  })

  it('removes the row and erases personal data from every stored payload, also from deliveries that come later', async () => {
    const id = newUser()
    const paid = checkoutEvent('checkout.session.completed', { user: id, credits: 70, payment: `pi_${id}` })
    await deliver('clerk', clerkEvent('user.created', { user: id, at: T }), { id: `msg_1_${id}`, ...erasing })
    await deliver('stripe', paid, erasing)
    expect(await deliver('clerk', clerkEvent('user.deleted', { user: id }), erasing)).toMatchObject({
      outcome: 'applied',
    })
    await deliver('clerk', clerkEvent('user.updated', { user: id, at: T + 1 }), {
      id: `msg_2_${id}`,
      ...erasing,
    })
    await deliver('stripe', checkoutEvent('checkout.session.completed', { user: id }), erasing)

    expect(await user(id)).toMatchObject({ email: null, name: null, deactivated_at: expect.any(Date) })
    await runScheduled(erasing.env)
    expect(await user(id)).toBeUndefined()
    expect(await balance(id)).toBe(110)
    const rows = await query<{ payload: object }>('select payload from webhook_events where user_id = $1', [
      id,
    ])
    expect(rows).toHaveLength(5)
    for (const { payload } of rows) expect(payload).toBeNull()
    expect(await query('select credits, amount from payments where user_id = $1', [id])).toEqual([
      { credits: '70', amount: '500' },
    ])
  })

  it('keeps no payload that names no user, unless it still has to be read', async () => {
    const id = newUser()
    const events = [
      checkoutEvent('checkout.session.completed', {
        user: id,
        session: { client_reference_id: null, metadata: {} },
      }),
      checkoutEvent('checkout.session.completed', {
        user: id,
        session: { client_reference_id: null, mode: 'barter', metadata: {} },
      }),
    ]
    for (const event of events) await deliver('stripe', event, erasing)
    const [notOurs, unreadable] = await Promise.all(events.map((event) => eventRow(event.id)))
    expect(notOurs).toMatchObject({ reason: 'not_ours', user_id: null })
    expect(notOurs?.payload).toBeNull()
    expect(JSON.stringify(unreadable?.payload)).toMatch(/Ada/)
  })

  it('finds a user who is named by the session alone, and keeps nothing of it', async () => {
    const id = newUser()
    const session = {
      metadata: { credits: 'for Ada Lovelace' },
      payment_intent: 'ada@example.com',
      currency: 'Ada L',
    }
    const event = checkoutEvent('checkout.session.completed', { user: id, session })
    await deliver('stripe', event, erasing)
    await deliver('clerk', clerkEvent('user.deleted', { user: id }), erasing)
    await runScheduled(erasing.env)
    expect(await eventRow(event.id)).toMatchObject({ user_id: id, payload: null })
  })

  it('deletes a user also when a stored payload is as deep as jsonb can be', async () => {
    const id = newUser()
    const deep = `${'{"a":'.repeat(5_000)}"Ada"${'}'.repeat(5_000)}`
    const body = JSON.stringify(clerkEvent('user.created', { user: id, data: { deep: 0 } })).replace(
      '"deep":0',
      `"deep":${deep}`,
    )
    await send('clerk', body, { id: `msg_${id}`, ...erasing })
    expect(await deliver('clerk', clerkEvent('user.deleted', { user: id }), erasing)).toMatchObject({
      outcome: 'applied',
    })
    await runScheduled(erasing.env)
    expect(await eventRow(`msg_${id}`)).toMatchObject({ payload: null })
  })

  it('keeps the tombstone: the user is not created again', async () => {
    const id = newUser()
    await deliver('clerk', clerkEvent('user.created', { user: id }), erasing)
    await deliver('clerk', clerkEvent('user.deleted', { user: id }), erasing)
    expect(await deliver('clerk', clerkEvent('user.created', { user: id }), erasing)).toMatchObject({
      outcome: 'stale',
      reason: 'user_deleted',
    })
    await runScheduled(erasing.env)
    expect(await user(id)).toBeUndefined()
  })
})

describe('CLERK_INSTANCE_ID', () => {
  const event = (id: string) => ({ ...clerkEvent('user.created', { user: id }), instance_id: 'ins_prod' })

  it('ignores another instance, and applies the resent event once the setting is repaired', async () => {
    const id = newUser()
    const wrong = await deliver('clerk', event(id), {
      id: `msg_${id}`,
      env: { CLERK_INSTANCE_ID: 'ins_dev' },
    })
    expect(wrong).toMatchObject({ status: 200, outcome: 'ignored', reason: 'instance_mismatch' })
    expect(await user(id)).toBeUndefined()

    const right = await deliver('clerk', event(id), {
      id: `msg_${id}`,
      env: { CLERK_INSTANCE_ID: 'ins_prod' },
    })
    expect(right).toMatchObject({ outcome: 'applied' })
    expect(await balance(id)).toBe(40)
  })
})
