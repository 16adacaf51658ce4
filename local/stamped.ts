import { randomId } from './ids.ts'

/** The members that differ between events of Stripe. */
export interface StampOptions {
  /** The event's id. By default a new one. */
  event?: string
  /** Stripe's `created`, milliseconds; Stripe keeps whole seconds. */
  at?: number
  livemode?: boolean
}

/** Returns the event as one of that type, with its own id, time and mode. */
export function stamped<Event extends object, Type extends string>(
  event: Event,
  type: Type,
  { event: id = randomId('evt'), at = Date.now(), livemode = false }: StampOptions = {},
) {
  return { ...event, id, created: Math.floor(at / 1000), livemode, type }
}
