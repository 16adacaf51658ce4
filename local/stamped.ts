import { randomId } from './ids.ts'

/** What one event of Stripe has of its own. */
export interface StampOptions {
  /** The event's id; a new one where it is not given. */
  event?: string
  /** Stripe's `created`, milliseconds; Stripe keeps whole seconds. */
  at?: number
  livemode?: boolean
}

/** Returns the event as one of that type, with an id, a moment and a mode of its own. */
export function stamped<Event extends object, Type extends string>(
  event: Event,
  type: Type,
  { event: id = randomId('evt'), at = Date.now(), livemode = false }: StampOptions = {},
) {
  return { ...event, id, created: Math.floor(at / 1000), livemode, type }
}
