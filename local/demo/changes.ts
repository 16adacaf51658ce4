import { clerkEvent } from '../events.ts'
import { type Actor, actor } from './actor.ts'
import { observe, type Stage, send } from './play.ts'
import type { MakeScene, Scene } from './scene.ts'

const APPLIED = '200 applied'
const CHECKOUT = 'POST /api/checkout'

/** Returns the story of plan changes: charges bring credits, and proration credits take them back. */
export function changesStory(stage: Stage): Scene[] {
  return [...yearly(stage), ...declined(stage)]
}

/**
 * From monthly to yearly, at once: 20.00 are credited and 200.00 charged. Then she leaves, and the money goes to her
 * balance.
 */
function yearly(stage: Stage): Scene[] {
  const ada = actor('user_ada', stage)
  const scene = sceneOf('user_ada', stage)
  const change = () => ada.subscriptionAt('change', { price: 'price_pro_yearly' })
  return [
    ...subscribe(ada, scene, 'user_ada', stage),
    scene('she takes the year: −1000, +12000', 'invoice.paid and 2 more', change, applied(3), 12_040, 4),
    scene('she leaves at once: all is credited', 'invoice.paid and 1 more', leave(ada), applied(2), 40, 2),
    scene(
      'her balance pays a new month',
      'Checkout, invoice.paid',
      async () => {
        await ada.buy({ plan: 'pro' })
        return await ada.pay('pay')
      },
      applied(3),
      1040,
      4,
    ),
  ]
}

/** An upgrade whose payment is declined, and which is then undone. */
function declined(stage: Stage): Scene[] {
  const grace = actor('user_grace', stage)
  const scene = sceneOf('user_grace', stage)
  const up = () => grace.subscriptionAt('change', { price: 'price_max_monthly', declined: true })
  const down = () => grace.subscriptionAt('change', { price: 'price_pro_monthly' })
  const waits = [APPLIED, '200 parked / unknown_invoice']
  const paid = () => grace.payOpen()
  return [
    ...subscribe(grace, scene, 'user_grace', stage),
    scene(
      'she wants the larger plan: declined',
      'invoice.payment_failed',
      up,
      [APPLIED, '200 ignored / no_effect'],
      1040,
      2,
    ),
    scene('she goes back: credit for what was not paid', 'invoice.paid', down, waits, 1040, 3),
    scene('the first one is paid after all: both count', 'invoice.paid', paid, applied(2), 1040, 3),
    scene('she leaves: her month is credited', 'invoice.paid', leave(grace), applied(2), 40, 2),
  ]
}

function subscribe(person: Actor, scene: MakeScene, user: string, stage: Stage): Scene[] {
  const event = clerkEvent('user.created', { user })
  const signUp = async () => {
    await person.sells('price_pro_yearly', 20_000, 'year')
    await person.sells('price_max_monthly', 20_000)
    return [await send({ provider: 'clerk', event }, stage)]
  }
  const name = user === 'user_ada' ? 'Ada' : 'Grace'
  return [
    scene(`${name} signs up`, 'user.created', signUp, [APPLIED], 40),
    scene('she wants the plan pro', CHECKOUT, () => person.buy({ plan: 'pro' }), ['200'], 40, 2),
    scene(
      'she pays 20.00: 1000 credits',
      'invoice.paid and 3 more',
      () => person.pay('pay'),
      applied(4),
      1040,
      4,
    ),
  ]
}

const applied = (webhooks: number) => Array.from({ length: webhooks }, () => APPLIED)
const leave = (person: Actor) => () => person.subscriptionAt('cancel-with-credit')

const sceneOf =
  (user: string, stage: Stage): MakeScene =>
  (says, sent, act, answers, balance, requests = 1) => ({
    says,
    sent,
    promised: { answers, balance, requests },
    play: () => observe(user, stage, act),
  })
