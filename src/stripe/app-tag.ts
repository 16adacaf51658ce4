import type { Effect } from '../db.ts'
import type { Settings } from '../settings.ts'
import { ifKnown } from '../subscriptions/verbs.ts'
import { idOf, member } from '../values.ts'
import { idsOf, namedUser } from './payload.ts'

/** Returns the metadata that names this app on everything that is created for it. */
export const tagged = ({ APP_TAG }: Pick<Settings, 'APP_TAG'>): { app?: string } =>
  APP_TAG ? { app: APP_TAG } : {}

/** Returns the app that the event's object names, either itself or through the subscription of its invoice. */
function tagOf(event: unknown): string | null {
  const object = member(member(event, 'data'), 'object')
  const subscription =
    member(member(object, 'parent'), 'subscription_details') ?? member(object, 'subscription_details')
  return (
    [object, subscription]
      .map((named) => idOf(member(member(named, 'metadata'), 'app')))
      .find((tag) => tag !== null) ?? null
  )
}

/** Whether the event names another app of the same Stripe account. */
export function isOfOtherApp(event: unknown, { APP_TAG }: Settings): boolean {
  const tag = tagOf(event)
  return APP_TAG !== undefined && tag !== null && tag !== APP_TAG
}

/** These verbs record ids or payloads, and change nothing that an app has. */
const HARMLESS = new Set(['link_invoice_payment', 'record_for_customer'])

/**
 * Makes the effect of an event that names no app conditional: it runs only if what the event is about is known here.
 * Without `APP_TAG` every event is ours.
 */
export function ifOurs(event: unknown, effect: Effect, { APP_TAG }: Settings): Effect {
  if (APP_TAG === undefined || tagOf(event) !== null || HARMLESS.has(effect.verb)) return effect
  return ifKnown({ ...effect, about: idsOf(event), user_id: namedUser(event) })
}

/** Returns the effect itself, without the condition that something is known. */
export const unconditional = (effect: Effect): Effect =>
  effect.verb === 'if_known' ? (effect.facts as unknown as Effect) : effect
