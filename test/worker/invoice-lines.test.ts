import { beforeAll, describe, expect, it } from 'vitest'
import { clerkEvent } from '../../local/events.ts'
import { linked, signedUp } from './people.ts'
import { changeOf, env, PLANS, planLine, price, sells, subscriber } from './plan-support.ts'
import { balance, deliver, eventRow, query, runScheduled, stripeAnswers, stripeCalls } from './support.ts'

beforeAll(() => sells(price('price_pro', 2000), price('price_max', 20_000)))

type Ada = Awaited<ReturnType<typeof subscriber>>

const work = (n: number) => {
  const line = planLine({ id: `il_work_${n}`, price: 'price_hours', amount: 500, unit: 500 })
  return { ...line, parent: { ...line.parent, type: 'invoice_item_details' } }
}
const change = (ada: Ada) => changeOf(ada, 10_000)

/** A one-off invoice with so many items of work before the other lines. Its event contains the first ten lines. */
async function oneOff(ada: Ada, items: number, others: ReturnType<typeof planLine>[], set: object = {}) {
  const all = [...Array.from({ length: items }, (_, n) => work(n)), ...others]
  const lines = { object: 'list', data: all, has_more: false }
  await stripeAnswers({ [`GET /v1/invoices/${ada.in('2')}/lines`]: { body: lines } })
  return ada.invoice('2', all, {
    parent: null,
    billing_reason: 'manual',
    metadata: {},
    lines: { ...lines, data: all.slice(0, 10), has_more: all.length > 10 },
    ...set,
  })
}
const byPrice = { PLANS: JSON.stringify({ price_pro: PLANS.price_pro }) }
const asked = async (ada: Ada) => (await stripeCalls(ada.in('2'))).length

async function bought() {
  const ada = await subscriber()
  await ada.paid('1', [planLine({ id: 'il_1', price: 'price_pro', amount: 2000 })])
  return ada
}

describe('a one-off invoice with more lines than its event contains', () => {
  it('counts the lines of a change of plan that the event lacks', async () => {
    const ada = await bought()
    expect(await ada.told(await oneOff(ada, 11, change(ada)))).toBe('applied')
    expect(await ada.entries()).toEqual(['plan_grant 1000', 'plan_change -500', 'plan_grant 5000'])
  })

  it('sells what its metadata says as well', async () => {
    const ada = await bought()
    const set = { metadata: { user_id: ada.id, credits: '50' } }
    expect(await ada.told(await oneOff(ada, 11, change(ada), set))).toBe('applied')
    expect(await ada.left()).toBe(1000 - 500 + 5000 + 50)
    const grace = await bought()
    const own = { metadata: { user_id: grace.id, credits: '50' } }
    expect(await grace.told(await oneOff(grace, 11, [], own))).toBe('applied')
    expect(await grace.left()).toBe(1050)
  })

  it('has no effect if none of its lines is of a plan, whoever its customer is', async () => {
    const ada = await bought()
    expect(await ada.told(await oneOff(ada, 11, []))).toBe('ignored no_effect')
    const grace = await subscriber()
    const event = await oneOff(grace, 11, [], { customer: `cus_other_${grace.id}` })
    expect(await grace.told(event)).toBe('ignored no_effect')
  })

  it('waits for the user of its customer if one of them is', async () => {
    const ada = await bought()
    const grace = { id: `grace_${ada.id}`, customer: `cus_grace_${ada.id}` }
    const event = await oneOff(ada, 11, change(ada).slice(1), { customer: grace.customer })
    expect(await ada.told(event)).toBe('parked unknown_customer')
    await linked(grace)
    expect(await eventRow(event.id)).toMatchObject({ outcome: 'applied' })
    expect(Number(await balance(grace.id))).toBe(5040)
  })

  it('waits for the user of its customer if PLANS does not know the plan of a line, and is given up', async () => {
    const ada = await subscriber()
    const unknown = planLine({ price: 'price_foreign', amount: 900, proration: true, of: 'sub_foreign' })
    const event = await oneOff(ada, 11, [unknown], { customer: `cus_other_${ada.id}` })
    expect(await ada.told(event, byPrice)).toBe('parked unknown_customer')
    expect(await eventRow(event.id)).toMatchObject({ outcome: 'parked', reason: 'unknown_customer' })
    await query(`update webhook_events set received_at = now() - interval '8 days' where event_id = $1`, [
      event.id,
    ])
    await runScheduled(byPrice, 'retry_due')
    await runScheduled(byPrice, 'give_up')
    expect(await eventRow(event.id)).toMatchObject({ outcome: 'ignored', reason: 'not_ours' })
    expect(await asked(ada)).toBe(1)
  })

  it('waits for PLANS if a user has its customer', async () => {
    const ada = await bought()
    const later = planLine({
      price: 'price_later',
      amount: 900,
      unit: 1800,
      proration: true,
      of: ada.subscription,
    })
    const event = await oneOff(ada, 11, [later])
    expect(await ada.told(event, byPrice)).toBe('parked unknown_price')
    expect(await eventRow(event.id)).toMatchObject({ outcome: 'parked', reason: 'unknown_price' })
    await runScheduled(
      { PLANS: JSON.stringify({ ...PLANS, price_later: { key: 'later', credits: 100 } }) },
      'retry_due',
    )
    expect(await ada.left()).toBe(1050)
  })

  it('waits for the user of its customer if it cannot be read', async () => {
    const ada = await bought()
    const grace = { id: `grace_${ada.id}`, customer: `cus_grace_${ada.id}` }
    const event = await oneOff(ada, 11, change(ada).slice(1), { customer: grace.customer })
    await stripeAnswers({ [`GET /v1/invoices/${ada.in('2')}/lines`]: { status: 500, body: {} } })
    expect(await ada.told(event)).toBe('parked unknown_customer')
    await oneOff(ada, 11, change(ada).slice(1))
    await linked(grace)
    await runScheduled(env, 'retry_due')
    expect(Number(await balance(grace.id))).toBe(5040)
  })

  it('waits while Stripe is away', async () => {
    const ada = await bought()
    const event = await oneOff(ada, 11, change(ada))
    await stripeAnswers({ [`GET /v1/invoices/${ada.in('2')}/lines`]: { status: 500, body: {} } })
    expect(await ada.told(event)).toBe('parked incomplete_invoice')
    await oneOff(ada, 11, change(ada))
    await runScheduled(env, 'retry_due')
    expect(await ada.left()).toBe(5500)
  })

  it('is not read if the event contains all lines, or if nothing is sold by subscription', async () => {
    const ada = await bought()
    expect(await ada.told(await oneOff(ada, 10, []))).toBe('ignored no_effect')
    expect(await ada.told(await oneOff(ada, 11, []), { PLANS: '{}' })).toBe('ignored no_effect')
    expect(await asked(ada)).toBe(0)
  })
})

describe('a one-off sale', () => {
  const lines = [
    ['2 lines', 2, false],
    ['11 lines', 11, false],
    ['2 lines, and those of a change of plan', 2, true],
    ['11 lines, and those of a change of plan', 11, true],
  ] as const
  const sale = (ada: Ada, items: number, changes: boolean, user_id: string) =>
    oneOff(ada, items, changes ? change(ada) : [], { metadata: { user_id, credits: '50' } })

  it.each(lines)('of %s is rejected if its customer is of another user', async (_, items, changes) => {
    const ada = await bought()
    const bob = await signedUp()
    expect(await ada.told(await sale(ada, items, changes, bob))).toBe('rejected customer_mismatch')
    expect([await ada.left(), await balance(bob)]).toEqual([1000, 40])
  })

  it.each(lines)('of %s waits for the user whom it names', async (_, items, changes) => {
    const ada = await bought()
    expect(await ada.told(await sale(ada, items, changes, 'not_of_clerk'))).toBe('parked unknown_user')
    expect(await ada.left()).toBe(1000)
  })

  it.each(lines)('of %s is rejected if the user whom it names is deleted', async (_, items, changes) => {
    const ada = await bought()
    const bob = await signedUp()
    await deliver('clerk', clerkEvent('user.deleted', { user: bob }))
    expect(await ada.told(await sale(ada, items, changes, bob))).toBe('rejected user_deactivated')
    expect(await ada.left()).toBe(1000)
  })

  it.each(lines.slice(0, 2))('of %s may be of a session from before CREDIT_SINCE', async (_, items) => {
    const ada = await bought()
    const event = await sale(ada, items, false, ada.id)
    const CREDIT_SINCE = new Date((event.data.object.created - 3600) * 1000).toISOString()
    expect(await ada.told(event, { CREDIT_SINCE })).toBe('parked unlinked_payment')
  })
})
