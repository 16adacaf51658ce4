import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { expect, it } from 'vitest'
import { inJson } from '../../cli/reconcile/json.ts'
import { openStore, type Store } from '../../cli/reconcile/store.ts'
import { inLines, type Said } from '../../cli/reconcile/table.ts'
import { printing } from '../../cli/shared/printing.ts'
import { projectDir } from '../../cli/shared/project.ts'
import type { Difference, DifferenceKind } from '../../src/reconcile/words.ts'

/** More than one page of a store. */
const MANY = 450

const difference = (object: string, kind: DifferenceKind, more: Partial<Difference> = {}): Difference => ({
  provider: 'stripe',
  object,
  kind,
  outcome: null,
  reason: null,
  user_id: null,
  credits: null,
  amount: null,
  currency: null,
  charge: null,
  known: false,
  confirmed: false,
  first: false,
  settled: false,
  fixed: false,
  ...more,
})

async function storeOf(...found: Difference[]): Promise<Store> {
  const store = await openStore()
  store.keep(found)
  return store
}

const said = (first: Store, left = first, flags: object = {}) =>
  ({
    host: 'a.host',
    pass: 'a',
    absent: { confirmed: 0, closed: 0, needsConsent: false },
    payments: null,
    first: {
      report: { looked: { sessions: 900 }, unseen: [{ walk: 'refunds', why: 'denied' }] },
      store: first,
    },
    left: { report: { looked: {}, unseen: [] }, store: left },
    flags: { fix: false, since: null, ...flags },
    settings: { STRIPE_SECRET_KEY: 'sk_test_1', CLERK_SECRET_KEY: 'sk_test_2' },
  }) as unknown as Said

it('has what differs in the order in which it was found, and keeps the first state of it until it is corrected', async () => {
  const paid = (n: number) =>
    difference(`cs_${n}`, 'paid_not_credited', { credits: 2, amount: 3, currency: 'usd' })
  const store = await storeOf(...Array.from({ length: MANY }, (_, n) => paid(n)))
  store.keep([
    { ...paid(0), credits: 900 },
    { ...paid(1), credits: 102, fixed: true },
    { ...paid(1), credits: 900 },
    { ...paid(1), credits: 900, fixed: true },
    difference('cs_1', 'amount_differs', { currency: 'jpy', amount: 5 }),
  ])
  const objects = [...store.rows({ kind: 'paid_not_credited' })].map(({ object }) => object)
  expect(objects).toEqual(Array.from({ length: MANY }, (_, n) => `cs_${n}`))
  expect([...store.rows({ fixed: true })]).toEqual([{ ...paid(1), credits: 102, fixed: true }])
  expect([store.count(), store.count({ kind: 'amount_differs' }), store.count({ fixed: false })]).toEqual([
    451, 1, 450,
  ])
  expect(store.sums('paid_not_credited')).toEqual({
    credits: 2 * MANY + 100,
    money: [{ amount: 3 * MANY, currency: 'usd' }],
  })
})

it('may keep more while its rows are read, as when users are closed one by one', async () => {
  const gone = Array.from({ length: MANY }, (_, n) =>
    difference(`user_${n}`, 'user_deleted', { confirmed: true }),
  )
  const store = await storeOf(...gone, difference('user_here', 'user_deleted'))
  const which = { kind: 'user_deleted', confirmed: true } as const
  for (const one of store.rows(which)) store.keep([{ ...one, fixed: true }])
  expect([store.count(which), store.count({ fixed: true })]).toEqual([MANY, MANY])
})

it('lists the refunds of a charge or its total, whichever says more, and not both', async () => {
  const of = (object: string, charge: string, credits: number | null, amount: number) =>
    difference(object, 'refund_not_taken', { charge, credits, amount, currency: 'usd' })
  const store = await storeOf(
    // Two refunds, and the total after each of them.
    ...[of('re_1', 'ch_1', -2, 20), of('ch_1', 'ch_1', -5, 50), of('re_2', 'ch_1', -3, 30)],
    // If a payment is not credited yet, it is unknown how many credits come back.
    ...[of('re_3', 'ch_3', null, 7), of('ch_3', 'ch_3', null, 7)],
    // One refund is fixed, so its charge has nothing more to take, although an earlier refund is in its total.
    ...[of('ch_4', 'ch_4', 0, 90), { ...of('re_4', 'ch_4', -1, 10), fixed: true }],
    // The total is more than the listed refund, so only the total is listed.
    ...[of('re_5', 'ch_5', -1, 10), of('ch_5', 'ch_5', -9, 90), of('ch_6', 'ch_6', -4, 40)],
  )
  expect([...store.rows()].map(({ object }) => object)).toEqual([
    're_1',
    're_2',
    're_3',
    're_4',
    're_5',
    'ch_5',
    'ch_6',
  ])
  expect([store.count(), store.count({ fixed: true })]).toEqual([7, 1])
  expect(store.sums('refund_not_taken').credits).toBe(-2 - 3 - 1 - 1 - 9 - 4)
})

it('remembers objects, each once', async () => {
  const { seen, uncredited } = await openStore()
  for (const object of ['cs_1', 'cs_1', 'cs_2']) seen.add(object)
  expect([seen.has('cs_1'), seen.has('cs_3'), uncredited.has('cs_1')]).toEqual([true, false, false])
})

it('is one JSON document, with each row in words', async () => {
  const of = { user_id: 'user_ada', credits: 500 }
  const first = await storeOf(
    difference('cs_1', 'paid_not_credited', { ...of, fixed: true }),
    difference('cs_2', 'paid_not_credited', of),
  )
  const left = await storeOf(difference('cs_2', 'paid_not_credited', of))
  const report = JSON.parse([...inJson(said(first, left, { fix: true }))].join('\n'))
  expect(report).toMatchObject({
    host: 'a.host',
    pass: 'a',
    fix: true,
    since: null,
    compared: { sessions: 900 },
    found: [
      { says: 'paid, not credited', object: 'cs_1', fixed: true },
      { object: 'cs_2', ...of },
    ],
    fixed: [{ object: 'cs_1' }],
    left: [{ object: 'cs_2' }],
    absent: { confirmed: 0 },
    unseen: ['refunds: denied', 'what is in live mode at Stripe', expect.stringContaining('30 days')],
  })
  const empty = JSON.parse([...inJson(said(await openStore()))].join('\n'))
  expect([empty.found, empty.fixed, empty.left]).toEqual([[], [], []])
})

it('is a table, and says of one user what it has not looked for', async () => {
  const store = await storeOf(
    difference('cs_1', 'paid_not_credited', { credits: 500, amount: 500, currency: 'usd' }),
  )
  const lines: string[] = []
  await printing(inLines(said(store, store, { user: 'user_ada' })), (line) => lines.push(line))
  expect(lines.join('\n')).toContain('paid, not credited: 1, +500 credits, 5.00 USD')
  expect(lines).toContain('  cs_1  -  +500 credits  5.00 USD')
  expect(lines).toContain(
    'With --user, refunds and disputes of payments that are not credited yet are not looked for.',
  )
})

it.each(['reads all of it', 'reads the first lines alone'])('is printed to somebody who %s', async (what) => {
  const script = `
    import { printing } from './cli/shared/printing.ts'
    await printing(Array.from({ length: 200_000 }, () => 'x'.repeat(99)), console.log)
    process.exitCode = 3`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], { cwd: projectDir })
  const [errors, closed] = [text(child.stderr), once(child, 'close')]
  if (what === 'reads all of it') expect((await text(child.stdout)).length).toBe(20_000_000)
  else {
    await once(child.stdout, 'data')
    child.stdout.destroy()
  }
  expect([(await closed)[0], await errors]).toEqual([3, ''])
})
