import fc from 'fast-check'
import { billingEvent } from '../../local/billing-events.ts'
import { reversalEvent } from '../../local/reversal-events.ts'
import { MAY, planLine as makeLine, type planLine } from './plan-support.ts'

/**
 * A subscription at Stripe, as Stripe documents prorations, trials, coupons and balances: which line pays or credits
 * what, and its value at the list price. It knows nothing of Ledgerhook.
 */

const DAY = 86_400

interface Plan {
  amount: Record<Currency, number>
  credits: number
  days: number
}
type Currency = 'usd' | 'eur'

export const CATALOG: Record<string, Plan> = {
  plan_month: { amount: { usd: 2000, eur: 1900 }, credits: 1000, days: 30 },
  plan_large: { amount: { usd: 20_000, eur: 17_000 }, credits: 10_000, days: 30 },
  plan_year: { amount: { usd: 20_000, eur: 18_100 }, credits: 12_000, days: 365 },
  plan_none: { amount: { usd: 700, eur: 700 }, credits: 0, days: 30 },
}
export const TRIAL_CREDITS = 100
/** A pack beside the plan. */
export const PACK = { price: 'price_pack', credits: 300, amount: { usd: 700, eur: 700 } }
const NAMES = Object.keys(CATALOG)

export type PlanStep =
  | { act: 'subscribe'; price: number; quantity: number; coupon: number; start: 'whole' | 'part' | 'trial' }
  | {
      act: 'change'
      price: number
      quantity: number
      when: 'now' | 'reset' | 'next'
      declined: boolean
      /** Percent of the period's rest that has passed. 0: in the second of the step before. */
      after: number
    }
  | { act: 'renew' | 'cancel'; declined: boolean; after: number; packs: number }
  | { act: 'pay' | 'void'; pick: number }
  | { act: 'refund'; pick: number; part: number }
  /** A refund of an invoice's card payment, whatever became of the balance. */
  | { act: 'goodwill'; pick: number; part: number }

const after = fc.integer({ min: 1, max: 99 })
const quantity = fc.integer({ min: 1, max: 4 })
/** How many packs are added to its invoice. */
const packs = fc.constantFrom(0, 0, 1, 3)
const declined = fc.integer({ min: 0, max: 3 }).map((n) => n === 0)
export const planSteps = fc.array(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        act: fc.constant('subscribe' as const),
        price: fc.nat(3),
        quantity,
        coupon: fc.constantFrom(0, 0, 33, 50, 100),
        start: fc.constantFrom('whole', 'whole', 'part', 'trial'),
      }) as fc.Arbitrary<PlanStep>,
    },
    {
      weight: 5,
      arbitrary: fc.record({
        act: fc.constant('change' as const),
        price: fc.nat(3),
        quantity,
        when: fc.constantFrom('now', 'reset', 'next'),
        declined,
        after: fc.oneof({ weight: 1, arbitrary: fc.constant(0) }, { weight: 4, arbitrary: after }),
      }) as fc.Arbitrary<PlanStep>,
    },
    { weight: 3, arbitrary: fc.record({ act: fc.constant('renew' as const), declined, after, packs }) },
    { weight: 2, arbitrary: fc.record({ act: fc.constant('cancel' as const), declined, after, packs }) },
    {
      weight: 1,
      arbitrary: fc.record({ act: fc.constantFrom('pay' as const, 'void' as const), pick: fc.nat() }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        act: fc.constant('refund' as const),
        pick: fc.nat(),
        part: fc.integer({ min: 1, max: 100 }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        act: fc.constant('goodwill' as const),
        pick: fc.nat(),
        part: fc.oneof(fc.constant(100), fc.integer({ min: 1, max: 100 })),
      }),
    },
  ),
  { minLength: 3, maxLength: 12 },
)

/** A line of money, and how much of it is left at the list price and after discounts. */
interface Debit {
  invoice: string
  line: string
  price: string
  quantity: number
  start: number
  end: number
  list: number
  /** Before discounts. */
  gross: number
  net: number
  pending: boolean
}
type Line = ReturnType<typeof planLine>
interface Entry {
  line: Line
  /** The change of the kept money at the list price, and its credits at the line's own rate. */
  value: number
  credits: number
  credits_debit: Debit | null
}
interface Invoice {
  id: string
  /** An invoice may be paid after its subscription has ended. */
  subscription: string | undefined
  entries: Entry[]
  untaxed: number
  /** With tax. */
  total: number
  cash: number
  status: 'open' | 'paid' | 'void'
  /** Money that it moved from invoices to the balance, by invoice. */
  balanced: Map<string, number>
}

/** What a line moves: its amount after discounts. */
const netOf = ({ amount, discount_amounts }: Line) =>
  amount - discount_amounts.reduce((sum, { amount }) => sum + amount, 0)

/** How a shop at Stripe is set up. */
export interface Shop {
  currency: Currency
  /** Whether the subscriptions show the discounts of prorations beside their amounts. */
  itemized: boolean
  /** Percent of tax that comes on top of prices. */
  tax: number
}

/** Plays the steps that Stripe would allow. Returns its events, its invoices, and the money that is kept in the end. */
export function playPlans(steps: PlanStep[], namespace: string, { currency, itemized, tax }: Shop) {
  const customer = `cus_${namespace}`
  const invoices: Invoice[] = []
  const refunded = new Map<string, number>()
  const events: object[] = []
  let [now, balance, subscriptions, lines, trial] = [MAY, 0, 0, 0, false]
  let running: {
    id: string
    price: string
    quantity: number
    coupon: number
    debit: Debit | null
    end: number
  } | null = null
  let pending: Entry[] = []
  let pendingDebits: Debit[] = []

  const amountOf = (price: string) => CATALOG[price]?.amount[currency] ?? 0
  const lineId = () => `il_${lines++}_${namespace}`
  const nextInvoice = () => `in_${invoices.length}_${namespace}`
  const rate = (price: string) => (CATALOG[price]?.credits ?? 0) / amountOf(price)

  /** The credit for the remaining time of the last charge. */
  const credit = (debit: Debit): Entry => {
    const left = Math.max(0, (debit.end - now) / (debit.end - debit.start))
    const amount = Math.round(debit.net * left)
    const gross = itemized ? Math.max(amount, Math.round(debit.gross * left)) : amount
    const value = debit.net > 0 ? (debit.list * amount) / debit.net : 0
    const line = makeLine({
      id: lineId(),
      price: debit.price,
      amount: -gross,
      discount: amount - gross,
      proration: true,
      quantity: debit.quantity,
      start: now,
      end: debit.end,
      credits: debit.pending ? null : [debit.invoice, debit.line],
    })
    return { line, value: -value, credits: -value * rate(debit.price), credits_debit: debit }
  }

  /** A charge for a period. Prorations are shown after discounts, other lines before them (Stripe: as recorded). */
  const charge = (
    price: string,
    quantity: number,
    coupon: number,
    period: [number, number],
    shape: Shape,
  ) => {
    const [start, end] = period
    const list = Math.round(amountOf(price) * quantity * (shape.part ?? 1))
    const discount = Math.round((list * coupon) / 100)
    const net = list - discount
    const amount = shape.proration ? net : list
    const isItemized = itemized || !shape.proration
    const line = makeLine({
      id: lineId(),
      price,
      amount: isItemized ? list : net,
      proration: shape.proration,
      quantity,
      start,
      end,
      ...(isItemized && { discount }),
      ...(!shape.proration && { unit: shape.part ? null : amountOf(price) }),
    })
    const debit: Debit = {
      invoice: '',
      line: line.id,
      price,
      quantity,
      start,
      end,
      list: amount,
      gross: list,
      net,
      pending: false,
    }
    return { entry: { line, value: amount, credits: amount * rate(price), credits_debit: null }, debit }
  }
  interface Shape {
    proration: boolean
    part?: number
  }

  const send = (invoice: Invoice) => {
    const object = {
      id: invoice.id,
      object: 'invoice',
      customer,
      currency,
      total: invoice.total,
      status: 'paid',
      amount_paid: invoice.cash,
      created: now,
      billing_reason: 'subscription_update',
      metadata: {},
      parent: {
        type: 'subscription_details',
        subscription_details: { metadata: {}, subscription: invoice.subscription },
      },
      lines: { object: 'list', data: invoice.entries.map(({ line }) => line), has_more: false },
    }
    invoice.status = 'paid'
    events.push({ type: 'invoice.paid', livemode: false, created: now, data: { object } })
    if (invoice.cash > 0) {
      const payment = { type: 'payment_intent', payment_intent: `pi_${invoice.id}` }
      events.push(billingEvent('invoice_payment.paid', { invoice: invoice.id, payment }))
    }
    return object
  }

  const packsOf = (quantity: number): Entry[] => {
    if (quantity === 0) return []
    const amount = PACK.amount[currency] * quantity
    const line = makeLine({ id: lineId(), price: PACK.price, amount, quantity, start: now, end: now })
    const parent = { ...line.parent, type: 'invoice_item_details' }
    const credits = PACK.credits * quantity
    return [{ line: { ...line, parent }, value: amount, credits, credits_debit: null }]
  }

  /** Bills these entries. A negative total goes to the balance, which pays the next bill. */
  const bill = (entries: Entry[], declined: boolean) => {
    const id = nextInvoice()
    const untaxed = entries.reduce((sum, { line }) => sum + netOf(line), 0)
    const total = Math.round((untaxed * (100 + tax)) / 100)
    const fromBalance = Math.min(balance, Math.max(0, total))
    balance -= Math.min(fromBalance, total)
    const invoice: Invoice = {
      id,
      subscription: running?.id,
      entries,
      untaxed,
      total,
      cash: Math.max(0, total) - fromBalance,
      status: 'open',
      balanced: new Map(),
    }
    invoices.push(invoice)
    const credited = entries.reduce((sum, { line }) => sum + Math.max(0, -netOf(line)), 0)
    for (const { line, credits_debit } of entries) {
      if (!credits_debit || total >= 0) continue
      const share = Math.floor((-netOf(line) * -total) / credited)
      const from = credits_debit.invoice || id
      invoice.balanced.set(from, (invoice.balanced.get(from) ?? 0) + share)
    }
    // Nothing is left to be declined.
    if (!declined || invoice.cash === 0) send(invoice)
    return id
  }

  const steps_: { [Act in PlanStep['act']]: (step: Extract<PlanStep, { act: Act }>) => void } = {
    subscribe({ price: n, quantity, coupon, start }) {
      if (running) return
      const price = NAMES[n % NAMES.length] ?? ''
      const days = CATALOG[price]?.days ?? 30
      running = {
        id: `sub_${subscriptions++}_${namespace}`,
        price,
        quantity,
        coupon,
        debit: null,
        end: now + days * DAY,
      }
      if (start === 'trial') {
        trial = true
        running.end = now + 7 * DAY
        const line = makeLine({
          id: lineId(),
          price: 'plan_trial',
          amount: 0,
          unit: 0,
          start: now,
          end: running.end,
        })
        bill([{ line, value: 0, credits: 0, credits_debit: null }], false)
        return
      }
      const part = start === 'part' ? 0.4 : undefined
      if (part) running.end = now + Math.round(days * DAY * part)
      const period: [number, number] = [now, running.end]
      const { entry, debit } = charge(price, quantity, coupon, period, {
        proration: false,
        ...(part && { part }),
      })
      debit.invoice = bill([entry], false)
      running.debit = debit
    },
    change({ price: n, quantity, when, declined, after }) {
      if (!running) return
      // What is pending at the same second names nothing that Stripe would tell apart.
      const isAtOnce = after === 0 && when !== 'next' && pending.length === 0
      now += isAtOnce ? -1 : Math.max(1, Math.floor(((running.end - now) * after) / 100))
      const price = NAMES[n % NAMES.length] ?? ''
      const days = CATALOG[price]?.days ?? 30
      const isOtherInterval = days !== CATALOG[running.price]?.days
      const entries = running.debit ? [credit(running.debit)] : []
      const resets = when === 'reset' || isOtherInterval
      if (resets) running.end = now + days * DAY
      const part = resets ? 1 : (running.end - now) / (days * DAY)
      const shape = { proration: when !== 'reset', part }
      if (running.debit || resets) {
        const { entry, debit } = charge(price, quantity, running.coupon, [now, running.end], shape)
        if (!shape.proration) {
          // An ordinary line for a whole period contains the price of one unit.
          entry.line.pricing.unit_amount_decimal = String(amountOf(price))
        }
        entries.push(entry)
        running.debit = debit
        if (when === 'next' && !resets) {
          debit.pending = true
          pending.push(...entries)
          pendingDebits.push(debit)
        } else {
          debit.invoice = bill([...pending, ...entries], declined)
          settlePending(debit.invoice)
        }
      }
      Object.assign(running, { price, quantity })
    },
    renew({ declined, packs }) {
      if (!running) return
      now = running.end
      running.end = now + (CATALOG[running.price]?.days ?? 30) * DAY
      const period: [number, number] = [now, running.end]
      const { entry, debit } = charge(running.price, running.quantity, running.coupon, period, {
        proration: false,
      })
      debit.invoice = bill([...pending, ...packsOf(packs), entry], declined)
      settlePending(debit.invoice)
      running.debit = debit
    },
    cancel({ declined, after, packs }) {
      if (!running) return
      now += Math.max(1, Math.floor(((running.end - now) * after) / 100))
      const entries = [...pending, ...packsOf(packs), ...(running.debit ? [credit(running.debit)] : [])]
      if (entries.length > 0) settlePending(bill(entries, declined))
      running = null
    },
    pay: ({ pick }) => {
      const open = invoices.filter(({ status }) => status === 'open')
      const invoice = open[pick % (open.length || 1)]
      if (invoice) send(invoice)
    },
    void: ({ pick }) => {
      const open = invoices.filter(({ status }) => status === 'open')
      const invoice = open[pick % (open.length || 1)]
      if (!invoice) return
      invoice.status = 'void'
      balance += Math.max(0, invoice.total) - invoice.cash
    },
    /** The merchant pays out money of the balance by a refund of its original payment. */
    refund({ pick, part }) {
      const from = invoices.flatMap(({ status, balanced }) => (status === 'paid' ? [...balanced] : []))
      const [id, moved] = from[pick % (from.length || 1)] ?? ['', 0]
      const source = invoices.find((invoice) => invoice.id === id)
      if (source?.status !== 'paid') return
      const most = Math.min(balance, Math.min(moved, source.cash) - (refunded.get(id) ?? 0))
      const amount = Math.floor((most * part) / 100)
      if (amount <= 0) return
      balance -= amount
      giveBack(id, amount)
    },
    goodwill({ pick, part }) {
      const paid = invoices.filter(({ status, cash }) => status === 'paid' && cash > 0)
      const source = paid[pick % (paid.length || 1)]
      if (!source) return
      const amount = Math.floor(((source.cash - (refunded.get(source.id) ?? 0)) * part) / 100)
      if (amount > 0) giveBack(source.id, amount)
    },
  }
  const giveBack = (id: string, amount: number) => {
    refunded.set(id, (refunded.get(id) ?? 0) + amount)
    const name = `re_${events.length}_${namespace}`
    const refund = { payment: `pi_${id}`, amount, id: name, set: { currency } }
    events.push(reversalEvent('refund.created', refund))
  }
  const settlePending = (invoice: string) => {
    for (const debit of pendingDebits) Object.assign(debit, { invoice, pending: false })
    pending = []
    pendingDebits = []
  }

  for (const step of steps) {
    now += 1
    ;(steps_[step.act] as (step: PlanStep) => void)(step)
  }
  return { customer, currency, invoices, events, kept: kept(invoices, trial, currency, refunded) }
}

/**
 * Returns the kept money: of paid invoices, without credits for lines of invoices that are unpaid or do not count
 * themselves, and without refunds of more than what went to the balance.
 */
function kept(invoices: Invoice[], trial: boolean, currency: Currency, refunded: Map<string, number>) {
  const isCounted = ({ id: own, status, entries }: Invoice): boolean =>
    status === 'paid' &&
    entries.every(
      ({ credits_debit: debit }) =>
        !debit || !CATALOG[debit.price]?.credits || debit.invoice === own || isKept(debit.invoice),
    )
  const isKept = (id: string) => invoices.some((invoice) => invoice.id === id && isCounted(invoice))
  const counted = invoices.filter(isCounted)
  // Money that was never paid is not lost when it is credited.
  const wasKept = ({ credits_debit: debit }: Entry) => !debit || isKept(debit.invoice)
  const entriesOf = ({ entries }: Invoice) => entries.filter(wasKept)
  const entries = counted.flatMap(entriesOf)
  const creditsOf = (entries: Entry[]) => entries.reduce((sum, { credits }) => sum + credits, 0)
  const best = Math.max(
    ...NAMES.map((name) => (CATALOG[name]?.credits ?? 0) / (CATALOG[name]?.amount[currency] ?? 1)),
  )
  const bonus = trial ? TRIAL_CREDITS : 0
  /** Credits that were taken from an invoice for money that went to the balance. */
  const balanced = (id: string) =>
    -counted
      .filter(({ untaxed }) => untaxed < 0)
      .map((invoice) => {
        const credited = invoice.entries.reduce((sum, { line }) => sum + Math.max(0, -netOf(line)), 0)
        const taken = entriesOf(invoice).filter((entry) => entry.credits_debit?.invoice === id)
        return (creditsOf(taken) * -invoice.untaxed) / credited
      })
      .reduce((sum, credits) => sum + credits, 0)
  const gone = counted.map((invoice) => {
    const money = (refunded.get(invoice.id) ?? 0) / Math.max(1, invoice.total)
    return money && Math.max(0, Math.max(0, creditsOf(entriesOf(invoice))) * money - balanced(invoice.id))
  })
  return {
    /** The most credits that the kept money buys, at list price. */
    most: entries.reduce((sum, { value }) => sum + value, 0) * best + bonus,
    /** Credits of the lines, each at its own rate, less those that refunds take. */
    fair: creditsOf(entries) - gone.reduce((sum, credits) => sum + credits, 0) + bonus,
    /** The difference is rounding: less than one for each line, and again where a refund compares them. */
    rounding: entries.length * (refunded.size > 0 ? 2 : 1) + refunded.size * 2,
  }
}
