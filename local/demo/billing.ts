import { clerkEvent } from '../events.ts'
import { type Actor, actor } from './actor.ts'
import { planScenes } from './billing-plan.ts'
import { observe, type Stage, send } from './play.ts'
import type { MakeScene, Scene } from './scene.ts'

/**
 * Returns the story of a subscription from the first click to its end: the app's calls, the person's actions at Stripe,
 * and Stripe's webhooks.
 */
export function billingStory(stage: Stage): Scene[] {
  const ada = actor('user_ada', stage)
  const scene: MakeScene = (says, sent, act, answers, balance, requests = 1) => ({
    says,
    sent,
    promised: { answers, balance, requests },
    play: () => observe('user_ada', stage, act),
  })
  const event = clerkEvent('user.created', { user: 'user_ada' })
  const signedUp = async () => [await send({ provider: 'clerk', event }, stage)]
  const others = strangers(ada, actor('user_grace', stage), scene)
  return [
    ...topUp(ada, scene, signedUp),
    ...others,
    ...crossing(ada, scene),
    ...bankDebit(ada, scene),
    ...planScenes(ada, scene),
  ]
}

const CHECKOUT = 'POST /api/checkout'
const RETURN = 'GET /api/checkout/:id'
const COMPLETED = 'checkout.session.completed'
const BANK_PAID = 'checkout.session.async_payment_succeeded'
const PORTAL = 'POST /api/billing-portal'
const CREDITED = '200 duplicate / payment_already_credited'
const PENDING = '200 ignored / payment_pending'
const starter = { pack: 'starter' }

const topUp = (ada: Actor, scene: MakeScene, signedUp: () => Promise<string[]>) => [
  scene('Ada signs in, before Clerk’s webhook', 'GET /api/me', () => ada.get('/api/me'), ['200'], 0),
  scene('now it comes, and brings her bonus', 'user.created', signedUp, ['200 applied'], 40),
  scene('she wants what is not sold', CHECKOUT, () => ada.buy({ pack: '?' }), ['400 invalid_request'], 40, 0),
  scene('she wants 500 credits: a customer is made', CHECKOUT, () => ada.buy(starter), ['200'], 40, 2),
  scene('she clicks again: the same customer', CHECKOUT, () => ada.buy(starter), ['200'], 40),
  scene('she pays, and Stripe tells the Worker', COMPLETED, () => ada.pay('pay'), ['200 applied'], 540),
  scene('she comes back to the app', RETURN, () => ada.comeBack(), [CREDITED], 540),
]

const strangers = (ada: Actor, grace: Actor, scene: MakeScene) => [
  scene('Grace asks about it', RETURN, () => grace.comeBack(ada.session()), ['404 not_found'], 540, 0),
  scene('Grace has nothing to manage', PORTAL, () => grace.openPortal(), ['409 no_customer'], 540),
]

const crossing = (ada: Actor, scene: MakeScene) => [
  scene('Ada buys again', CHECKOUT, () => ada.buy(starter), ['200'], 540),
  scene('she pays; its webhook is slow', '(kept back)', () => ada.pay('pay', { deliver: false }), [], 540, 0),
  scene('she is back first: credited at once', RETURN, () => ada.comeBack(), ['200 applied'], 1040),
  scene('now the webhook comes: not again', COMPLETED, () => ada.resend(), [CREDITED], 1040),
]

const bankDebit = (ada: Actor, scene: MakeScene) => [
  scene('Ada buys by bank debit', CHECKOUT, () => ada.buy(starter), ['200'], 1040),
  scene('she signs it: no money yet', COMPLETED, () => ada.pay('pay-later'), [PENDING], 1040),
  scene('she comes back: no money yet', RETURN, () => ada.comeBack(), [PENDING], 1040),
  scene('days later the bank has paid', BANK_PAID, () => ada.pay('bank-paid'), ['200 applied'], 1540),
]
