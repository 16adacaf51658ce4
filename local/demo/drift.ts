import { actor } from './actor.ts'
import { peopleAtClerk, refundUnreported, takeEndpointAway } from './lose.ts'
import { observe, type Stage } from './play.ts'
import { inWords, type Reported, reconcile } from './reconcile.ts'
import type { Scene } from './scene.ts'

const APPLIED = '200 applied'
const COMPLETED = 'checkout.session.completed'
const COMMAND = 'npm run reconcile'
const ADA = 'user_ada'
const GRACE = 'user_grace'
const ALAN = 'user_alan'
/** Ada's credits: at the time of the losses, plus a purchase and a month of the plan, minus the refund. */
const IN_THE_END = 540 + 500 + 1000 - 250

/** Returns the story of deliveries that are lost on purpose, and of how `npm run reconcile` repairs this. */
export function driftStory(stage: Stage): Scene[] {
  const { lost, late } = losses(stage)
  const { named, fixed } = comparing(stage)
  return [...lost, ...named, ...fixed, late]
}

type Act = () => Promise<string[]>

/** Makes a scene. This story does not compare the number of database requests, which a command makes too. */
const sceneOf =
  (stage: Stage) =>
  (says: string, sent: string, act: Act, answers: string[], balance: number | null, user = ADA): Scene => ({
    says,
    sent,
    promised: { answers, balance, requests: 0 },
    play: async () => ({ ...(await observe(user, stage, act)), requests: 0 }),
  })

/**
 * Loses events in three ways (not sent, not received, not created), so that the database lacks what Clerk and Stripe
 * know.
 */
function losses(stage: Stage) {
  const scene = sceneOf(stage)
  const ada = actor(ADA, stage)
  const people = peopleAtClerk(stage)
  let moveBack = async () => {}
  const signUp = (user: string, deliver: boolean) => () =>
    people.act(user, 'create', { email_address: [`${user}@example.com`], deliver })
  const buy = (what: Parameters<typeof ada.buy>[0], deliver: boolean) => async () => {
    await ada.buy(what)
    return await ada.pay('pay', { deliver })
  }
  const starter = { pack: 'starter' }
  const subscribe = async () => {
    moveBack = await takeEndpointAway(stage)
    return await buy({ plan: 'pro' }, true)()
  }
  const refund = async () => {
    await refundUnreported(stage, 250)
    return []
  }
  const lost = [
    scene('Ada signs up', 'user.created', signUp(ADA, true), [APPLIED], 40),
    scene('Grace signs up', 'user.created', signUp(GRACE, true), [APPLIED], 40, GRACE),
    scene('Ada buys 500 credits', COMPLETED, buy(starter, true), [APPLIED], 540),
    scene('half of it is refunded: no event is made', '(never generated)', refund, [], 540),
    scene('she buys 500 more: it is never sent', COMPLETED, buy(starter, false), [], 540),
    scene(
      'the endpoint has moved: her plan is paid',
      'invoice.paid and 3 more',
      subscribe,
      Array.from({ length: 4 }, () => 'no response'),
      540,
    ),
    scene(
      'she has a new name: lost',
      'user.updated',
      () => people.act(ADA, 'update', { first_name: 'Ada', deliver: false }),
      [],
      540,
    ),
    scene('Alan signs up: lost', 'user.created', signUp(ALAN, false), [], null, ALAN),
    scene(
      'Grace deletes her account: lost',
      'user.deleted',
      () => people.act(GRACE, 'delete', { deliver: false }),
      [],
      40,
      GRACE,
    ),
  ]
  const sendAgain = async () => {
    await moveBack()
    // This story does not compare which of them change nothing and which store the same again, only the balance.
    return [...(await ada.resend()), ...(await people.resend())].map((answer) => answer.slice(0, 3))
  }
  const late = scene(
    'the lost events come at last: nothing twice',
    'invoice.paid and 6 more',
    sendAgain,
    Array.from({ length: 7 }, () => '200'),
    IN_THE_END,
  )
  return { lost, late }
}

/** The expected words of each line of the table, by the beginning of the object's id. */
const DIFFERENCES: [what: string, object: string, words: string][] = [
  ['the second purchase', 'cs_…', 'paid, not credited +500'],
  ['the credits of the plan', 'in_…', 'paid period without credits +1000'],
  ['which payment has paid that invoice', 'inpay_…', 'payment of an invoice not known'],
  ['the plan', 'sub_…', 'subscription differs'],
  ['the refund', 're_…', 'refunded, not taken back -250'],
  ['Ada’s new name', ADA, 'e-mail or name differs'],
  ['Alan', ALAN, 'user there, not here +40'],
  ['Grace: a suspicion', GRACE, 'here, deleted there'],
]

/** The command names each difference, fixes it, and then finds none. */
function comparing(stage: Stage) {
  const scene = sceneOf(stage)
  let report: Reported | undefined
  const run =
    (...flags: string[]): Act =>
    async () => {
      report = await reconcile(stage, ...flags)
      return [`${report.fixed.length} fixed, ${report.left.length} left, exits with ${report.code}`]
    }
  const rowOf = (object: string) => async () =>
    (report?.found ?? []).filter((row) => row.object.startsWith(object.replace('…', ''))).map(inWords)
  const anHourLater = async () => {
    await stage.database.query(
      `update ledgerhook.differences set first_seen_at = first_seen_at - interval '1 hour'`,
    )
    return await run('--fix', '--delete', '1')()
  }
  const all = DIFFERENCES.length
  const named = [
    scene('it compares, and changes nothing', COMMAND, run(), [`0 fixed, ${all} left, exits with 1`], 540),
    ...DIFFERENCES.map(([what, object, words]) => scene(`  ${what}`, object, rowOf(object), [words], 540)),
  ]
  const fixed = [
    scene(
      'it corrects what is certain',
      `${COMMAND} -- --fix`,
      run('--fix'),
      [`${all - 1} fixed, 1 left, exits with 1`],
      IN_THE_END,
    ),
    scene('Alan is there, with his bonus', '', async () => [], [], 40, ALAN),
    scene(
      'an hour later Clerk still says 404 of Grace',
      '… --fix --delete 1',
      anHourLater,
      ['1 fixed, 0 left, exits with 0'],
      IN_THE_END,
    ),
    scene('now nothing differs', COMMAND, run(), ['0 fixed, 0 left, exits with 0'], IN_THE_END),
  ]
  return { named, fixed }
}
