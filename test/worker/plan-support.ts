import { randomId } from '../../local/events.ts'
import bought from '../../local/fixtures/stripe-recorded-2025-11/invoice.bought.json' with { type: 'json' }
import boughtBeforeReset from '../../local/fixtures/stripe-recorded-2025-11/invoice.bought-before-reset.json' with {
  type: 'json',
}
import coupon from '../../local/fixtures/stripe-recorded-2025-11/invoice.coupon.json' with { type: 'json' }
import swapped from '../../local/fixtures/stripe-recorded-2025-11/invoice.swapped.json' with { type: 'json' }
import swappedWithReset from '../../local/fixtures/stripe-recorded-2025-11/invoice.swapped-with-reset.json' with {
  type: 'json',
}
import trial from '../../local/fixtures/stripe-recorded-2025-11/invoice.trial.json' with { type: 'json' }
import withOneOffItem from '../../local/fixtures/stripe-recorded-2025-11/invoice.with-one-off-item.json' with {
  type: 'json',
}
import { stamped } from '../../local/stamped.ts'
import { linked } from './people.ts'
import { balance, deliver, type Env, ledger, query, said, stripeAnswers } from './support.ts'

const recordings = { bought, boughtBeforeReset, coupon, swapped, swappedWithReset, trial, withOneOffItem }

/** Prices of the recordings: 25.00 a month, 250.00 a year. Those of the tests: 20.00 a month, 200.00 a year. */
export const PLANS = {
  'small-monthly': { key: 'small', credits: 1000 },
  'small-annual': { key: 'small', credits: 12_000 },
  price_pro: { key: 'pro', credits: 1000 },
  price_max: { key: 'max', credits: 10_000 },
  price_year: { key: 'pro', credits: 12_000 },
  price_metered: { key: 'used', credits: 1000 },
  price_used: { key: 'used', credits: 1000 },
  price_none: { key: 'none', credits: 0 },
  price_trial: { key: 'trial', credits: 100, trial_credits: true },
  price_trial_too: { key: 'trial', credits: 100, trial_credits: true },
  price_gratis: { key: 'gratis', credits: 50, trial_credits: true },
}
export const env: Env = { PLANS: JSON.stringify(PLANS) }

/** A price as Stripe's API returns it. */
export function price(id: string, unit_amount: number | null, interval = 'month', more: object = {}) {
  const recurring = { interval, interval_count: 1, usage_type: 'licensed' }
  const unit_amount_decimal = unit_amount === null ? null : String(unit_amount)
  return { id, object: 'price', currency: 'usd', unit_amount, unit_amount_decimal, recurring, ...more }
}
export const sells = (...prices: { id: string }[]) =>
  stripeAnswers(Object.fromEntries(prices.map((one) => [`GET /v1/prices/${one.id}`, { body: one }])))

export interface LineOptions {
  id?: string
  price: string | null
  amount: number
  proration?: boolean
  /** The price of one unit. Null: the line does not contain it. */
  unit?: number | null
  quantity?: number
  /** Unix seconds. */
  start?: number
  end?: number
  discount?: number
  /** `in_…` and the line that it credits. */
  credits?: [string, string] | null
  /** The subscription, if its invoice names none. */
  of?: string
}

export const MAY = Date.parse('2026-05-01T12:00:00Z') / 1000
export const JUNE = Date.parse('2026-06-01T12:00:00Z') / 1000

/** A line in Stripe's form since 2025-03-31. */
export function planLine({ price, amount, proration = false, quantity = 1, ...more }: LineOptions) {
  const { start = MAY, end = JUNE, discount = 0, credits = null } = more
  const unit = more.unit === undefined ? (proration ? null : 2000) : more.unit
  const [invoice, line] = credits ?? []
  const credited_items = credits && { invoice, invoice_line_items: [line] }
  return {
    id: more.id ?? randomId('il'),
    object: 'line_item',
    amount,
    currency: 'usd',
    quantity,
    discount_amounts: discount ? [{ amount: discount, discount: 'di_1' }] : [],
    period: { start, end },
    parent: {
      type: 'subscription_item_details',
      invoice_item_details: null,
      subscription_item_details: {
        proration,
        proration_details: { credited_items },
        subscription: more.of ?? null,
      },
    },
    pricing: {
      type: 'price_details',
      price_details: { price, product: 'prod_1' },
      unit_amount_decimal: unit === null ? null : String(unit),
    },
  }
}

/** A user who has signed up with 40 credits, and whose customer is known. */
export async function subscriber() {
  const id = randomId('user')
  const [customer, subscription] = [`cus_${id}`, `sub_${id}`]
  await linked({ id, customer })
  const told = async (event: object, more: Env = {}) =>
    said(await deliver('stripe', event, { env: { ...env, ...more } }))

  /** The event of an invoice with these lines. By default its total is their sum after discounts. */
  const invoice = (name: string, lines: ReturnType<typeof planLine>[], set: Record<string, unknown> = {}) => {
    const discounts = lines
      .flatMap((line) => line.discount_amounts)
      .reduce((sum, { amount }) => sum + amount, 0)
    const total = lines.reduce((sum, { amount }) => sum + amount, 0) - discounts
    const object = {
      ...structuredClone(bought),
      id: `in_${name}_${id}`,
      customer,
      total,
      amount_due: Math.max(0, total),
      created: MAY,
      amount_paid: Math.max(0, total),
      billing_reason: 'subscription_update',
      parent: { type: 'subscription_details', subscription_details: { metadata: {}, subscription } },
      lines: { object: 'list', data: lines, has_more: false },
      ...set,
    }
    return stamped({ ...EVENT, data: { object } }, 'invoice.paid')
  }

  /** The event of a recorded invoice, changed to this user: 20.00 a month, and 200.00 a year. */
  const recorded = (name: keyof typeof recordings) => {
    const text = JSON.stringify(recordings[name])
      .replace(/\b(in|il|sub|si|ii)_(\w+)/g, `$1_$2_${id}`)
      .replaceAll(/\b25000\b/g, '20000')
      .replaceAll(/\b2500\b/g, '2000')
      .replaceAll(/\b22500\b/g, '18000')
    return stamped({ ...EVENT, data: { object: { ...JSON.parse(text), customer } } }, 'invoice.paid')
  }

  return {
    id,
    customer,
    subscription,
    invoice,
    recorded,
    told,
    paid: async (name: string, lines: ReturnType<typeof planLine>[], set?: Record<string, unknown>) =>
      await told(invoice(name, lines, set)),
    in: (name: string) => `in_${name}_${id}`,
    left: async () => Number(await balance(id)) - 40,
    entries: async () => (await ledger(id)).slice(1).map(({ kind, amount }) => `${kind} ${amount}`),
    credited: () =>
      query<{ to_balance: string }>('select to_balance from plan_lines where credited_invoice_id = $1', [
        `in_1_${id}`,
      ]),
    payments: () =>
      query<{ stripe_payment_id: string; credits: string; amount: string }>(
        'select stripe_payment_id, credits, amount from payments where user_id = $1 order by created_at',
        [id],
      ),
  }
}

const EVENT = { id: '', object: 'event', type: '', created: MAY, livemode: false }

/**
 * The lines of a change in the middle of the month: half of the first invoice's line is credited, and the larger plan
 * costs this much.
 */
export const changeOf = (ada: Awaited<ReturnType<typeof subscriber>>, amount: number) => [
  planLine({
    price: 'price_pro',
    amount: -1000,
    proration: true,
    credits: [ada.in('1'), 'il_1'],
    of: ada.subscription,
  }),
  planLine({ price: 'price_max', amount, proration: true, of: ada.subscription }),
]
