import fc from 'fast-check'
import { beforeAll, expect, it } from 'vitest'
import { randomId } from '../../local/events.ts'
import { stamped } from '../../local/stamped.ts'
import { linked } from './people.ts'
import { CATALOG, PACK, type PlanStep, planSteps, playPlans, type Shop } from './plan-histories.ts'
import { price } from './plan-support.ts'
import { HISTORIES, playing } from './random-histories.ts'
import { balance, deliver, query, runScheduled, settleDown, stripeAnswers } from './support.ts'

const env = {
  PLANS: JSON.stringify({
    plan_month: { key: 'month', credits: 1000 },
    plan_large: { key: 'large', credits: 10_000 },
    plan_year: { key: 'year', credits: 12_000 },
    plan_none: { key: 'none', credits: 0 },
    plan_trial: { key: 'trial', credits: 100, trial_credits: true },
  }),
  CREDIT_PACKS: JSON.stringify({ pack: { credits: PACK.credits, price: PACK.price } }),
}

beforeAll(async () => {
  for (const [id, { amount, days }] of Object.entries({
    ...CATALOG,
    plan_trial: { amount: { usd: 900, eur: 900 }, days: 30 },
  })) {
    const currency_options = { eur: { unit_amount: amount.eur, unit_amount_decimal: `${amount.eur}` } }
    const body = price(id, amount.usd, days === 365 ? 'year' : 'month', { currency_options })
    await stripeAnswers({ [`GET /v1/prices/${id}`]: { body } })
  }
})

type World = ReturnType<typeof playPlans>

/** Stripe's final API responses for each invoice. */
async function scripted({ invoices, events, currency, customer }: World) {
  const answers = invoices.map(({ id, status, entries, total }) => {
    const lines = { object: 'list', data: entries.map(({ line }) => line), has_more: false }
    const body = {
      id,
      object: 'invoice',
      status,
      total,
      amount_paid: 0,
      currency,
      customer,
      lines,
      created: 0,
    }
    const sent = events.find((event) => (event as Sent).data.object.id === id) as Sent | undefined
    return [`GET /v1/invoices/${id}`, { body: sent ? { ...sent.data.object, status } : body }] as const
  })
  await stripeAnswers(Object.fromEntries(answers))
}
interface Sent {
  type: string
  data: { object: { id: string } }
}

async function tell(groups: object[][]) {
  for (const group of groups) {
    const answers = await Promise.all(
      group.map((event) => deliver('stripe', stamped(event as Sent, (event as Sent).type), { env })),
    )
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
  }
  // Includes failed requests to Stripe, and deliveries that a release had to defer.
  for (let run = 0; run < 3; run++) await runScheduled(env)
  await settleDown(env)
}

const disorder = fc.record({
  order: fc.array(fc.nat(), { minLength: 60, maxLength: 60 }),
  together: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 60, maxLength: 60 }),
})

/** A change from a year to a month puts most of the year's money into the balance. Then all of it is refunded. */
const A_YEAR_REFUNDED: PlanStep[] = [
  { act: 'subscribe', price: 2, quantity: 1, coupon: 0, start: 'whole' },
  { act: 'change', price: 0, quantity: 1, when: 'reset', declined: false, after: 1 },
  { act: 'goodwill', pick: 0, part: 100 },
]
const IN_ORDER = { order: [], together: [] }

function scrambled(events: object[], { order, together }: { order: number[]; together: number[] }) {
  const twice = events
    .flatMap((event, i) => ((order[i] ?? 0) % 3 === 0 ? [event, event] : [event]))
    .map((event, i) => ({ event, rank: order[i % 60] ?? 0 }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ event }) => event)
  const groups: object[][] = []
  for (let taken = 0; taken < twice.length; taken += groups.at(-1)?.length ?? 1) {
    groups.push(twice.slice(taken, taken + (together[groups.length % 60] ?? 1)))
  }
  return groups
}

const shops: fc.Arbitrary<Shop> = fc.record({
  currency: fc.constantFrom('usd', 'eur'),
  itemized: fc.boolean(),
  tax: fc.constantFrom(0, 20),
})

async function credits(user: string) {
  return Number(await balance(user)) - 40
}

const runs = Math.max(12, Math.round(HISTORIES / 8))

it(`credits never exceed what the kept money buys, in ${runs} histories of changes in any order`, {
  timeout: 3_600_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(planSteps, disorder, shops, async (steps, disorder, shop) => {
      const [inOrder, inDisorder] = [randomId('p'), randomId('p')]
      const balances: number[] = []
      for (const namespace of [inOrder, inDisorder]) {
        const world = playPlans(steps, namespace, shop)
        const user = `user_${namespace}`
        await linked({ id: user, customer: world.customer })
        await scripted(world)
        const groups =
          namespace === inOrder ? world.events.map((one) => [one]) : scrambled(world.events, disorder)
        await tell(groups)
        const left = await credits(user)
        const { most, fair, rounding } = world.kept
        expect(left).toBeLessThanOrEqual(most + 0.001)
        expect(Math.abs(left - fair)).toBeLessThanOrEqual(rounding)
        balances.push(left)
      }
      expect(balances[1]).toBe(balances[0])
    }),
    {
      ...playing(runs),
      examples: [[A_YEAR_REFUNDED, IN_ORDER, { currency: 'usd', itemized: false, tax: 20 }]],
    },
  )
  const wrong = await query(
    `select user_id from wallets where balance <> (select sum(amount) from credit_ledger l where l.user_id = wallets.user_id)`,
  )
  expect(wrong).toEqual([])
})
