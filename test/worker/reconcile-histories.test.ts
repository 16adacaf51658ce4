import fc from 'fast-check'
import { expect, it } from 'vitest'
import { randomId } from '../../local/events.ts'
import { PLANS, scriptedPrices } from './billing-histories.ts'
import { type Delivered, disorder, play, scramble, steps, stripeEventsOf, type Visit } from './histories.ts'
import { as } from './people.ts'
import { HISTORIES, playing } from './random-histories.ts'
import { lines, passOver, reconcile } from './reconcile-support.ts'
import { type World, worldOf } from './reconcile-world.ts'
import { scriptedPayments } from './sale-histories.ts'
import { deliver, query, settleDown, stripeAnswers } from './support.ts'

const env = { PLANS }
const REVERSING = `('refund', 'refund_reversal', 'dispute', 'dispute_reversal')`

type Sent = Delivered | Visit

/**
 * Without calls of the app, which are never lost because the app repeats them. A dispute has one amount, as at Stripe,
 * so that the object says the same as its events. Everybody has an address: without one, no comparison creates a user.
 */
function historyOf(steps: Parameters<typeof play>[0], namespace: string): Sent[] {
  const amounts = new Map<string, number>()
  const withAddress = steps.filter((step) => step.act !== 'ban' || step.hasAddress)
  const history = play(withAddress, namespace).filter((sent) => sent.provider !== 'app')
  for (const sent of history) {
    if (sent.provider !== 'stripe') continue
    const { object } = (sent.event as { data: { object: { object: string; id: string; amount: number } } })
      .data
    if (object.object !== 'dispute') continue
    object.amount = amounts.get(object.id) ?? object.amount
    amounts.set(object.id, object.amount)
  }
  return history
}

async function send(sent: Sent) {
  if (sent.provider === 'session') await as(sent.user, '/api/me')
  else await deliver(sent.provider, sent.event, { id: sent.id, env })
}

/** The state of a namespace that must not depend on which events were delivered, for users who are not deleted. */
async function stateOf(namespace: string) {
  const [row] = await query<{ state: object }>(
    `with living as (select user_id from wallets where user_id like $1 and closed_at is null)
    select jsonb_build_object(
      'users', (select jsonb_agg(to_jsonb(u) order by id) from (
        select id, email, email_verified, name, clerk_updated_at from users where id in (select user_id from living)) u),
      'wallets', (select jsonb_agg(to_jsonb(w) order by user_id) from (
        select user_id, balance, banned_at is not null as banned from wallets where user_id in (select user_id from living)) w),
      'totals', (select jsonb_agg(to_jsonb(l) order by user_id, kind, payment) from (
        select user_id, case when kind in ${REVERSING} then 'gone' else kind end as kind,
          coalesce(stripe_payment_id, '') as payment, sum(amount) as credits
        from credit_ledger where user_id in (select user_id from living) group by 1, 2, 3 having sum(amount) <> 0) l),
      'subscriptions', (select jsonb_agg(to_jsonb(s) order by id) from (
        select id, user_id, stripe_customer_id, stripe_price_id, plan_key, status, current_period_end,
          cancel_at_period_end, canceled_at, ended_at
        from subscriptions where user_id in (select user_id from living)) s),
      'reversals', (select jsonb_agg(to_jsonb(r) order by id) from (
        select id, r.stripe_payment_id, kind, r.amount, state, held from reversals r
        join payments p using (stripe_payment_id)
        where kind <> 'charge' and p.user_id in (select user_id from living)) r)
    ) as state`,
    [`%${namespace}`],
  )
  return JSON.parse(JSON.stringify(row?.state).replaceAll(namespace, '*'))
}

/**
 * Differences that cannot be found: users that only a session created, and users deleted at Clerk
 * (`clerk-absences.test.ts`).
 */
const isNeverLost = (sent: Sent) =>
  sent.provider === 'session' || (sent.event as { type: string }).type === 'user.deleted'

/** Walks over what every other history of this file has left here. They have their own tests. */
const ALL_OURS = ['users here', 'credited here']

/** A run that ends at one of its requests, to either provider or to the database. */
async function killed(world: World, atRequest: number) {
  let left = atRequest
  const dying =
    <Args extends unknown[], Result>(act: (...args: Args) => Result) =>
    (...args: Args) => {
      if (left-- <= 0) throw new Error('killed')
      return act(...args)
    }
  const pass = passOver(world, { fixes: true, env })
  const { db } = pass
  await reconcile(world, {
    fixes: true,
    env,
    without: ALL_OURS,
    db: { ...db, query: dying(db.query.bind(db)) as typeof db.query },
    fetch: dying(world.fetch),
  }).catch(() => {})
}

/** Each plays its history twice, and compares it four times. */
const runs = Math.max(5, Math.ceil(HISTORIES / 8))

it(`${runs} random histories, of which a part is lost, end as if nothing had been`, {
  timeout: 3_600_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(
      steps,
      disorder,
      fc.array(fc.constantFrom('come', 'late', 'lost'), { minLength: 150, maxLength: 150 }),
      fc.nat(60),
      async (steps, disorder, fates, dies) => {
        const [whole, part] = [randomId('n'), randomId('n')]
        const [complete, history] = [historyOf(steps, whole), historyOf(steps, part)]
        const events = stripeEventsOf([...complete, ...history])
        await stripeAnswers({ ...scriptedPrices, ...scriptedPayments(events) })
        for (const sent of complete) await send(sent)
        await settleDown(env)

        const fateOf = (sent: Sent) =>
          isNeverLost(sent) ? 'come' : (fates[history.indexOf(sent) % 150] ?? 'come')
        const groups = scramble(history, disorder) as Sent[][]
        const of = (fate: string) => groups.flat().filter((sent) => fateOf(sent) === fate)
        for (const sent of of('come')) await send(sent)
        const world = worldOf(history)
        await killed(world, dies)
        await Promise.all([
          (async () => {
            for (const sent of of('late')) await send(sent)
          })(),
          reconcile(world, { fixes: true, env, without: ALL_OURS }),
        ])
        await reconcile(world, { fixes: true, env, without: ALL_OURS })
        await settleDown(env)
        const left = await reconcile(world, { env, without: ALL_OURS })
        expect(await stateOf(part)).toEqual(await stateOf(whole))
        const differing = lines(left).filter((line) => line.includes(part))
        expect(differing.filter((line) => !/^user_deleted | (parked|rejected) /.test(line))).toEqual([])
      },
    ),
    playing(runs),
  )
})
