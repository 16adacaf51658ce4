import type { Effect } from '../db.ts'
import type { Settings } from '../settings.ts'
import type { Delivery } from './delivery.ts'
import type { Verdict } from './outcome.ts'
import { type Provider, Unreadable } from './provider.ts'

export const UNREADABLE: Verdict = { outcome: 'parked', reason: 'unreadable' }

/** Whether no handler is registered for this type: such an event costs no query. */
export function isUnhandled(provider: Provider, { type }: Delivery): boolean {
  return type !== null && !Object.hasOwn(provider.events, type)
}

/** Returns what a verified event does here, decided from the event and the settings only. */
export function decide(
  provider: Provider,
  { type, event }: Pick<Delivery, 'type' | 'event'>,
  settings: Settings,
): Effect | Verdict {
  const handler = type !== null && Object.hasOwn(provider.events, type) ? provider.events[type] : undefined
  if (!handler) return UNREADABLE
  try {
    const decision = provider.screen(event, settings) ?? handler(event, settings)
    return 'verb' in decision ? (provider.condition?.(event, decision, settings) ?? decision) : decision
  } catch (error) {
    if (error instanceof Unreadable) return UNREADABLE
    throw error
  }
}
