import { afterEach, describe, expect, it } from 'vitest'
import { checkoutEvent, clerkEvent, fixtures, randomId } from '../../local/events.ts'
import { makeOnlyDue, scheduled } from './engine-support.ts'
import { signedUp, signUp } from './people.ts'
import { balance, deliver, eventRow, ledger, query, said } from './support.ts'

const COMPLETED = 'checkout.session.completed'
const topUp = (user: string) => checkoutEvent(COMPLETED, { user, payment: `pi_${user}` })

/** Makes Postgres refuse every payment in this way. */
async function refusing(sqlstate: string): Promise<void> {
  await query(`create or replace function public.refuse() returns trigger language plpgsql as $$
    begin raise exception 'refused for a test' using errcode = '${sqlstate}'; end $$`)
  await query(
    'create or replace trigger refuse before insert on payments for each row execute function public.refuse()',
  )
}
afterEach(async () => {
  await query('drop trigger if exists refuse on payments')
})

describe('what Postgres refuses for its content', () => {
  it.each([
    '21000',
    '22001',
    '22003',
    '22P02',
    '22P05',
    '23502',
    '23503',
    '23505',
    '23514',
    '23P01',
    '54000',
    '54001',
    'P0001',
  ])('%s is stored without its effect, with the code, and applied once it is possible', async (sqlstate) => {
    const id = await signedUp()
    const event = topUp(id)
    await refusing(sqlstate)
    expect(await deliver('stripe', event)).toMatchObject({
      status: 200,
      outcome: 'parked',
      reason: 'unreadable',
    })
    expect(await eventRow(event.id)).toMatchObject({ sqlstate, effect: null, outcome: 'parked', attempts: 1 })
    expect((await eventRow(event.id))?.payload).not.toBeNull()
    expect([await balance(id), await ledger(id)]).toMatchObject([40, [{ kind: 'signup_bonus' }]])

    await query('drop trigger refuse on payments')
    await query('update waiting set retry_at = now() where event_id = $1', [event.id])
    await makeOnlyDue('retry_due')
    await scheduled()
    expect(await balance(id)).toBe(540)
    expect(await eventRow(event.id)).toMatchObject({ outcome: 'applied', sqlstate: null })
  })

  it('in a release keeps the row and its effect, and the delivery that releases it is applied', async () => {
    const id = randomId('user')
    const event = topUp(id)
    await deliver('stripe', event)
    await refusing('23514')
    expect(said(await signUp(id))).toBe('applied')
    expect(await balance(id)).toBe(40)
    const row = await eventRow(event.id)
    expect([row?.outcome, row?.reason, row?.effect !== null]).toEqual(['parked', 'unknown_user', true])
    await query('drop trigger refuse on payments')
    await query('update waiting set retry_at = now() where event_id = $1', [event.id])
    await makeOnlyDue('retry_due')
    await scheduled()
    expect(await balance(id)).toBe(540)
  })

  it('of an effect that waits already leaves that as it was', async () => {
    const id = randomId('user')
    const event = topUp(id)
    await deliver('stripe', event)
    await query('insert into wallets (user_id) values ($1)', [id])
    await refusing('22003')
    expect((await deliver('stripe', event)).status).toBe(200)
    const row = await eventRow(event.id)
    expect([row?.reason, row?.effect !== null]).toEqual(['unknown_user', true])
  })

  it('because another program has used its key up is the end of the effect, not of the delivery', async () => {
    const id = await signedUp()
    await query(
      `insert into credit_ledger (user_id, kind, amount, idempotency_key) values ($1, 'adjustment', 1, 'purchase:pi_' || $1)`,
      [id],
    )
    const event = topUp(id)
    expect(said(await deliver('stripe', event))).toBe('parked unreadable')
    expect(await eventRow(event.id)).toMatchObject({ sqlstate: '23505', effect: null })
    expect((await ledger(id)).map(({ kind }) => kind)).toEqual(['signup_bonus', 'adjustment'])
  })
})

describe('what Postgres refuses for want of something else', () => {
  it.each(['40001', '53100', '53300', '55P03', '57014', '42501', '42883', 'XX000'])(
    '%s is 503, and nothing of it is stored',
    async (sqlstate) => {
      const id = await signedUp()
      const event = topUp(id)
      await refusing(sqlstate)
      expect((await deliver('stripe', event)).status).toBe(503)
      expect([await eventRow(event.id), await balance(id)]).toEqual([undefined, 40])
      await query('drop trigger refuse on payments')
      expect(said(await deliver('stripe', event))).toBe('applied')
    },
  )
})

describe('a moment that an event does not say', () => {
  it('is missed by no delivery', async () => {
    for (const [type, fixture] of Object.entries(fixtures.stripe)) {
      const { created: _, ...event } = { ...structuredClone(fixture), id: randomId('evt'), livemode: false }
      expect([type, (await deliver('stripe', event)).status]).toEqual([type, 200])
    }
    const { timestamp: _, ...gone } = clerkEvent('user.deleted', { user: randomId('user') })
    expect((await deliver('clerk', gone)).status).toBe(200)
  })
})
