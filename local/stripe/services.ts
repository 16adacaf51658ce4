import { keep, restore } from '../kept.ts'
import type { Account } from './account.ts'
import { type Endpoint, snapshot } from './events.ts'
import { createFaults, createHold, type Faults, type Hold } from './faults.ts'
import type { Params } from './form.ts'
import { createIdempotency } from './idempotency.ts'
import { createState, type Event, type Price } from './state.ts'

export interface ServicesOptions {
  /** The only key that is accepted. */
  secretKey: string
  /** Where events are delivered. Without it they are only recorded: `GET /test/events`. */
  webhookUrl?: string | undefined
  webhookSecret?: string | undefined
  /** The recurring prices of the account, made with `recurringPrice`. */
  prices?: Price[]
  /** The file that keeps the state between runs. Without it the state is in memory only. */
  file?: string | undefined
}

/** A call as it was received, and the status of its response. */
export interface Received {
  method: string
  path: string
  params: Params
  idempotency_key: string | null
  stripe_version: string | null
  status: number | null
}

/** What the API, the controls and the pages of one local Stripe share. */
export interface Services {
  account: Account
  faults: Faults
  hold: Hold
  endpoint: Endpoint | undefined
  requests: Received[]
  /** Runs an action, and gathers the events that it emits. */
  recorded<T>(act: () => T): { result: T; events: Event[] }
  idempotency: ReturnType<typeof createIdempotency>
  secretKey: string
}

/** Creates what one local Stripe needs. `url` returns its address, which is known once it listens. */
export function createServices(options: ServicesOptions, url: () => string): Services {
  const { secretKey, webhookUrl, webhookSecret, prices = [], file } = options
  let emitted: Event[] = []
  const state = createState(prices)
  if (file) restore(state, file)
  const now = () => Math.floor(Date.now() / 1000)
  return {
    account: {
      ...{ state, url, now },
      emit(type, object, previous) {
        const event = snapshot(type, object, now(), previous)
        state.events.set(event.id, event)
        emitted.push(event)
      },
    },
    faults: createFaults(),
    hold: createHold(),
    endpoint: webhookUrl && webhookSecret ? { url: webhookUrl, secret: webhookSecret } : undefined,
    requests: [],
    recorded(act) {
      emitted = []
      const result = act()
      if (file) keep(state, file)
      return { result, events: emitted }
    },
    idempotency: createIdempotency(),
    secretKey,
  }
}
