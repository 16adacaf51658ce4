import { describe, expect, it } from 'vitest'
import { randomId } from '../../local/events.ts'
import { JUNE, MAY, planLine, price, sells, subscriber } from './plan-support.ts'
import { counted, query, runScheduled, stripeAnswers, stripeCalls } from './support.ts'

const PLANS = JSON.stringify({
  pro_monthly: { key: 'pro', credits: 1000 },
  max_monthly: { key: 'max', credits: 10_000 },
  tried_monthly: { key: 'tried', credits: 100, trial_credits: true },
  nothing_monthly: { key: 'nothing' },
})

/** A price of 20.00 a month, with this lookup key at Stripe. */
async function priced(lookup_key: string | null, amount = 2000) {
  const id = randomId('price')
  await sells(price(id, amount, 'month', { lookup_key }))
  return id
}

/** An invoice in the form from before 2025-03-31, when a line had its whole price. */
const oldLine = (id: string, lookup_key: string | null, start = MAY) =>
  ({
    ...planLine({ price: id, amount: 2000, start, end: start + 30 * 86_400 }),
    parent: null,
    pricing: null,
    type: 'subscription',
    price: price(id, 2000, 'month', { lookup_key }),
  }) as unknown as ReturnType<typeof planLine>

describe('a plan that PLANS names by a lookup key', () => {
  it('is known by its price, which is read once: a renewal is one statement', async () => {
    const id = await priced('pro_monthly')
    const [ada, grace] = [await subscriber(), await subscriber()]
    const line = (start: number) => [planLine({ price: id, amount: 2000, start, end: start + 1 })]
    expect(await ada.told(ada.invoice('1', line(MAY)), { PLANS })).toBe('applied')
    for (const [who, start] of [
      [ada, JUNE],
      [grace, MAY],
    ] as const) {
      const event = who.invoice('2', line(start))
      expect(await counted(() => who.told(event, { PLANS }))).toMatchObject({
        result: 'applied',
        requests: 1,
        statements: 1,
      })
    }
    expect([await ada.left(), await grace.left()]).toEqual([2000, 1000])
    expect(await stripeCalls(id)).toHaveLength(1)
  })

  it('keeps its plan when the key moves to another price, which has it, too', async () => {
    const [first, second] = [await priced('pro_monthly'), await priced('pro_monthly')]
    const ada = await subscriber()
    await ada.told(ada.invoice('1', [planLine({ price: first, amount: 2000 })]), { PLANS })
    await sells(price(first, 2000))
    await ada.told(ada.invoice('2', [oldLine(first, null, JUNE)]), { PLANS })
    await ada.told(ada.invoice('3', [planLine({ price: second, amount: 2000, start: JUNE + 1 })]), { PLANS })
    expect(await ada.left()).toBe(3000)
  })

  it('is known at once where the line itself says the key', async () => {
    const id = randomId('price')
    const ada = await subscriber()
    expect(await ada.told(ada.invoice('1', [oldLine(id, 'pro_monthly')]), { PLANS })).toBe('applied')
    const renewal = planLine({ price: id, amount: 2000, start: JUNE, end: JUNE + 1 })
    expect(await ada.told(ada.invoice('2', [renewal]), { PLANS })).toBe('applied')
    expect(await ada.left()).toBe(2000)
    expect(await stripeCalls(id)).toEqual([])
  })

  it('comes after one that names the price, and before one that names the product', async () => {
    const id = await priced('pro_monthly')
    const ada = await subscriber()
    const prod_1 = { key: 'any', credits: 5 }
    const more = { ...JSON.parse(PLANS), prod_1 }
    const line = (start: number) => [planLine({ price: id, amount: 2000, start })]
    await ada.told(ada.invoice('1', line(MAY)), { PLANS: JSON.stringify(more) })
    expect(await ada.left()).toBe(1000)
    const named = { ...more, [id]: { key: 'own', credits: 7 } }
    await ada.told(ada.invoice('2', line(JUNE)), { PLANS: JSON.stringify(named) })
    expect(await ada.left()).toBe(1007)
    const without = await priced(null)
    const other = [planLine({ price: without, amount: 2000, start: JUNE + 1 })]
    await ada.told(ada.invoice('3', other), { PLANS: JSON.stringify(more) })
    expect(await ada.left()).toBe(1012)
  })

  it('waits while Stripe does not say the key, and is credited by the scheduled run', async () => {
    const id = randomId('price')
    const ada = await subscriber()
    const event = ada.invoice('1', [planLine({ price: id, amount: 2000 })])
    expect(await ada.told(event, { PLANS })).toBe('parked incomplete_invoice')
    await sells(price(id, 2000, 'month', { lookup_key: 'pro_monthly' }))
    await runScheduled({ PLANS: '{"price_other": {"key": "other"}}' }, 'retry_due')
    expect(await ada.left()).toBe(1000)
  })

  it('waits for its price where no setting knows the key, and is granted once PLANS has it', async () => {
    const id = await priced('team_monthly')
    const ada = await subscriber()
    const lines = [planLine({ price: id, amount: 2000 })]
    const event = ada.invoice('1', lines)
    await stripeAnswers({
      [`GET /v1/invoices/${ada.in('1')}/lines`]: { body: { object: 'list', data: lines, has_more: false } },
    })
    expect(await ada.told(event, { PLANS })).toBe('parked unknown_price')
    await runScheduled({ PLANS }, 'retry_due')
    expect(await ada.told(event, { PLANS })).toBe('parked unknown_price')
    const known = JSON.stringify({ ...JSON.parse(PLANS), team_monthly: { key: 'team', credits: 70 } })
    await runScheduled({ PLANS: known }, 'retry_due')
    expect(await ada.left()).toBe(70)
  })

  it('takes back what it has granted, and a change of it waits for what it credits', async () => {
    const [pro, max] = [await priced('pro_monthly'), await priced('max_monthly', 20_000)]
    const ada = await subscriber()
    const first = [planLine({ id: 'il_1', price: pro, amount: 2000 })]
    const change = ada.invoice('2', [
      planLine({ price: pro, amount: -1000, proration: true, credits: [ada.in('1'), 'il_1'] }),
      planLine({ price: max, amount: 10_000, proration: true }),
    ])
    expect(await ada.told(change, { PLANS })).toBe('parked unknown_invoice')
    expect(await ada.told(ada.invoice('1', first), { PLANS })).toBe('applied')
    expect(await ada.left()).toBe(5500)
  })

  it('takes from an invoice that was paid and never reported, by what its keys say', async () => {
    const [pro, max] = [await priced('pro_monthly'), await priced('max_monthly', 20_000)]
    const ada = await subscriber()
    const body = { ...ada.invoice('1', [planLine({ id: 'il_1', price: pro, amount: 2000 })]).data.object }
    await stripeAnswers({ [`GET /v1/invoices/${ada.in('1')}`]: { body: { ...body, status: 'paid' } } })
    const change = ada.invoice('2', [
      planLine({ price: pro, amount: -1000, proration: true, credits: [ada.in('1'), 'il_1'] }),
      planLine({ price: max, amount: 10_000, proration: true }),
    ])
    // The keys are read, then the invoice.
    await ada.told(change, { PLANS })
    await runScheduled({ PLANS }, 'retry_due')
    expect(await ada.left()).toBe(4500)
  })

  it('grants for a trial once per user and plan key', async () => {
    const id = await priced('tried_monthly')
    const ada = await subscriber()
    const trial = (start: number) => [planLine({ price: id, amount: 0, unit: 0, start })]
    expect(await ada.told(ada.invoice('1', trial(MAY)), { PLANS })).toBe('applied')
    expect(await ada.told(ada.invoice('2', trial(JUNE)), { PLANS })).toBe('duplicate period_already_granted')
    expect(await ada.left()).toBe(100)
  })

  it('without credits is known, and has no effect', async () => {
    const id = await priced('nothing_monthly')
    const ada = await subscriber()
    const event = ada.invoice('1', [planLine({ price: id, amount: 2000 })])
    expect(await ada.told(event, { PLANS })).toBe('ignored no_effect')
  })

  it('keeps what waits, though a setting has lost it since', async () => {
    const id = randomId('price')
    const ada = await subscriber()
    const event = ada.invoice('1', [planLine({ price: id, amount: 2000 })])
    expect(await ada.told(event, { PLANS })).toBe('parked incomplete_invoice')
    await sells(price(id, 2000, 'month', { lookup_key: 'pro_monthly' }))
    const lost = { PLANS: '{"price_other": {"key": "other"}}' }
    expect(await ada.told(event, lost)).toBe('parked incomplete_invoice')
    await runScheduled(lost, 'retry_due')
    expect(await ada.left()).toBe(1000)
    const kept = await query('select lookup_key from stripe_prices where id = $1', [id])
    expect(kept).toEqual([{ lookup_key: 'pro_monthly' }])
  })
})
