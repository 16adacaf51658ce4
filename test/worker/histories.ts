import fc from 'fast-check'
import { checkoutEvent, clerkEvent, type StripeType } from '../../local/events.ts'
import { billing, CHANGES } from './billing-histories.ts'
import { buyByLink } from './link-histories.ts'
import { REVERSALS, reversing } from './reversal-histories.ts'
import { SALES, selling } from './sale-histories.ts'

/** One step of a world in which people sign up, change, pay and leave. Users and addresses are numbers. */
type Step =
  | { act: 'create' | 'rename' | 'delete' | 'visit'; user: number }
  | { act: 'move'; user: number; address: number }
  | { act: 'ban'; user: number; banned: boolean; hasAddress: boolean }
  | { act: 'pay'; user: number; credits: number; asynchronous: boolean; guest: boolean }
  | { act: 'sell'; user: number; credits: number; how: (typeof SALES)[number] }
  | { act: 'subscribe'; user: number; price: number; named: boolean }
  | { act: 'change'; pick: number; how: (typeof CHANGES)[number]; price: number }
  | { act: 'link'; user: number; quantity: number; price: number; plan: boolean }
  | { act: 'drop'; user: number }
  | { act: 'reverse'; pick: number; how: (typeof REVERSALS)[number]; amount: number }
  | { act: 'call'; user: number; granted: number; spent: number; back: number }
  | { act: 'resend'; pick: number }

/** The providers' events, in the order in which they happened. */
export interface Delivered {
  provider: 'clerk' | 'stripe'
  id: string
  event: object
}
/** A signed-in user's request, which may arrive before all of Clerk's events about the user. */
export interface Visit {
  provider: 'session'
  user: string
}
/** A call of the app's backend, which repeats it with the same key until it gets a response. */
export interface AppCall {
  provider: 'app'
  path: '/api/wallet/grant' | '/api/wallet/spend' | '/api/wallet/give-back'
  body: { user_id: string; amount: number; idempotency_key: string } & Record<string, unknown>
}
export type Sent = Delivered | Visit | AppCall

const USERS = 3
/** The user whom Clerk bans. The app never spends for this one: a ban would refuse that, wherever it arrives. */
const BANNED = 0
const ADDRESSES = 4
const START = Date.parse('2026-05-01T12:00:00Z')

const user = fc.nat(USERS - 1)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ act: fc.constant('create' as const), user }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('rename' as const), user }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('delete' as const), user }) },
  {
    weight: 3,
    arbitrary: fc.record({ act: fc.constant('move' as const), user, address: fc.nat(ADDRESSES - 1) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      act: fc.constant('ban' as const),
      user: fc.constant(BANNED),
      banned: fc.boolean(),
      hasAddress: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      act: fc.constant('pay' as const),
      user,
      credits: fc.integer({ min: 1, max: 1000 }),
      asynchronous: fc.boolean(),
      guest: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      act: fc.constant('sell' as const),
      user,
      credits: fc.integer({ min: 1, max: 1000 }),
      how: fc.constantFrom(...SALES),
    }),
  },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('visit' as const), user }) },
  {
    weight: 3,
    arbitrary: fc.record({
      act: fc.constant('subscribe' as const),
      user,
      price: fc.nat(3),
      named: fc.boolean(),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      act: fc.constant('change' as const),
      pick: fc.nat(),
      how: fc.constantFrom(...CHANGES),
      price: fc.nat(3),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      act: fc.constant('link' as const),
      user,
      quantity: fc.integer({ min: 1, max: 9 }),
      price: fc.nat(3),
      plan: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('drop' as const), user }) },
  {
    weight: 7,
    arbitrary: fc.record({
      act: fc.constant('reverse' as const),
      pick: fc.nat(),
      how: fc.constantFrom(...REVERSALS),
      amount: fc.integer({ min: 1, max: 1500 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      act: fc.constant('call' as const),
      user,
      granted: fc.integer({ min: 1, max: 60 }),
      spent: fc.integer({ min: 1, max: 60 }),
      back: fc.integer({ min: 1, max: 60 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('resend' as const), pick: fc.nat() }) },
)

export const steps = fc.array(step, { minLength: 8, maxLength: 25, size: 'max' })

/** How a history reaches the Worker: the order of deliveries (with repetitions), and the number at once. */
export const disorder = fc.record({
  order: fc.array(fc.nat(), { minLength: 150, maxLength: 150 }),
  repeat: fc.array(fc.nat(2), { minLength: 150, maxLength: 150 }),
  together: fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 150, maxLength: 150 }),
})
export type Disorder = typeof disorder extends fc.Arbitrary<infer T> ? T : never

interface Person {
  address: number | null
  name: number
  banned: boolean
  /** Whether Clerk has an address: without one, the event is refused, and only the ban counts. */
  hasAddress: boolean
  gone: boolean
}

/** Plays the steps that the two providers would allow, with ids of this namespace. Returns their events. */
export function play(steps: Step[], namespace: string): Sent[] {
  const sent: Sent[] = []
  const people = new Map<number, Person>()
  const id = (number: number) => `user_${number}_${namespace}`
  // Each event has its own second, because ties have their own test (subscriptions.test.ts).
  const now = () => START + sent.length * 1000
  const send = (make: (about: { event: string; at: number }) => { id: string }) => {
    const event = make({ event: `evt_${sent.length}_${namespace}`, at: now() })
    sent.push({ provider: 'stripe', id: event.id, event })
  }
  const money = reversing(send)
  const sell = selling(namespace, send, money.paid)
  const stripe = billing(namespace, START / 1000, send, money.paid)

  const tell = (type: 'user.created' | 'user.updated' | 'user.deleted', number: number) => {
    const person = people.get(number)
    const address = person?.address ?? null
    const event = clerkEvent(type, {
      user: id(number),
      at: now(),
      email: !person?.hasAddress
        ? null
        : address === null
          ? `own.${number}.${namespace}@example.com`
          : `shared.${address}.${namespace}@example.com`,
      ...(type !== 'user.deleted' && {
        data: { first_name: `Name ${person?.name}`, banned: person?.banned },
      }),
    })
    sent.push({ provider: 'clerk', id: `msg_${sent.length}_${namespace}`, event })
  }

  const charge = (type: StripeType, step: Extract<Step, { act: 'pay' }>, payment: string, status: string) => {
    const customer = step.guest ? null : stripe.customerOf(id(step.user))
    const session = { payment_status: status, customer, currency: 'usd' }
    const event = checkoutEvent(type, {
      user: id(step.user),
      credits: step.credits,
      payment,
      session,
      event: `evt_${sent.length}_${namespace}`,
      at: now(),
    })
    sent.push({ provider: 'stripe', id: event.id, event })
  }

  const pay = (step: Extract<Step, { act: 'pay' }>) => {
    const payment = `pi_${sent.length}_${namespace}`
    money.paid(payment)
    charge('checkout.session.completed', step, payment, step.asynchronous ? 'unpaid' : 'paid')
    if (step.asynchronous) charge('checkout.session.async_payment_succeeded', step, payment, 'paid')
  }

  const visitLink = ({ user, quantity, price, plan }: Extract<Step, { act: 'link' }>) => {
    if (plan) return stripe.subscribe(id(user), price, false, true)
    const payment = `pi_${sent.length}_${namespace}`
    money.paid(payment)
    buyByLink(send, { user: id(user), payment, quantity, number: sent.length })
  }

  // The app spends no more than it granted, so that it has enough credits in any order, and gives a part back.
  const call = ({ user, granted, spent, back }: Extract<Step, { act: 'call' }>) => {
    const key = `${sent.length}_${namespace}`
    const calls = {
      '/api/wallet/grant': { amount: granted, note: 'A gesture' },
      '/api/wallet/spend': { amount: Math.min(spent, granted) },
      '/api/wallet/give-back': { amount: Math.min(back, spent, granted), spend_key: key },
    }
    for (const [path, body] of Object.entries(calls))
      sent.push({
        provider: 'app',
        path: path as AppCall['path'],
        body: { user_id: id(user), idempotency_key: key, ...body },
      })
  }

  // Stripe makes a second event of the same fact, Clerk a second message: new ids, same content.
  const resend = (pick: number) => {
    const original = sent[pick % sent.length]
    if (!original) return
    if (original.provider === 'session' || original.provider === 'app') {
      sent.push(original)
      return
    }
    const again = `${original.provider === 'clerk' ? 'msg' : 'evt'}_${sent.length}_${namespace}`
    sent.push({
      ...original,
      id: again,
      event: { ...original.event, ...(original.provider === 'stripe' && { id: again }) },
    })
  }

  for (const step of steps) {
    if (step.act === 'resend') {
      resend(step.pick)
      continue
    }
    // Includes a user without any event, and a deleted user with a token that has not expired.
    if (step.act === 'visit') {
      sent.push({ provider: 'session', user: id(step.user) })
      continue
    }
    if (step.act === 'change') {
      stripe.change(step.pick, step.how, step.price)
      continue
    }
    if (step.act === 'reverse') {
      money.reverse(step.pick, step.how, step.amount)
      continue
    }
    if ((step.act === 'create' || step.act === 'ban') && !people.has(step.user)) {
      people.set(step.user, { address: null, name: 0, banned: false, hasAddress: true, gone: false })
      tell('user.created', step.user)
    }
    const person = people.get(step.user)
    if (!person || step.act === 'create') continue
    if (step.act === 'pay') pay(step)
    else if (step.act === 'sell')
      sell(id(step.user), stripe.customerOf(id(step.user)), step.credits, step.how)
    else if (step.act === 'subscribe') stripe.subscribe(id(step.user), step.price, step.named)
    else if (step.act === 'link') visitLink(step)
    else if (step.act === 'drop') stripe.drop(id(step.user))
    else if (person.gone) continue
    else if (step.act === 'call') {
      if (step.user !== BANNED) call(step)
    } else if (step.act === 'rename') {
      person.name++
      tell('user.updated', step.user)
    } else if (step.act === 'move') {
      if ([...people.values()].some((other) => !other.gone && other.address === step.address)) continue
      person.address = step.address
      tell('user.updated', step.user)
    } else if (step.act === 'ban') {
      Object.assign(person, { banned: step.banned, hasAddress: step.hasAddress })
      tell('user.updated', step.user)
    } else if (step.act === 'delete') {
      person.gone = true
      tell('user.deleted', step.user)
    }
  }
  return sent
}

/**
 * Returns the deliveries in groups: each group at once, one group after the other. Every delivery arrives at least
 * once.
 */
export function scramble(sent: Sent[], { order, repeat, together }: Disorder): Sent[][] {
  const deliveries = sent.flatMap((delivery, i) =>
    Array.from({ length: 1 + (repeat[i] ?? 0) }, () => delivery),
  )
  const shuffled = deliveries
    .map((delivery, i) => ({ delivery, rank: order[i % order.length] ?? 0, i }))
    .sort((a, b) => a.rank - b.rank || b.i - a.i)
    .map(({ delivery }) => delivery)
  const groups: Sent[][] = []
  for (let taken = 0; taken < shuffled.length; taken += groups.at(-1)?.length ?? 1) {
    groups.push(shuffled.slice(taken, taken + (together[groups.length % together.length] ?? 1)))
  }
  return groups
}

/** Returns copies of Stripe's events. */
export const stripeEventsOf = (sent: Sent[]) =>
  sent.flatMap((one) => (one.provider === 'stripe' ? [JSON.parse(JSON.stringify(one.event))] : []))
