import Stripe from 'stripe'
import { keep, restore } from '../kept.ts'
import { createRateLimit, type RateLimit } from '../rate-limit.ts'
import type { Account } from './account.ts'
import { addProducts } from './catalog.ts'
import { snapshot } from './events.ts'
import { createFaults, createHold, type Faults, type Hold } from './faults.ts'
import type { Params } from './form.ts'
import { createIdempotency } from './idempotency.ts'
import { addPrices, createState, type Event, type Price, type State } from './state.ts'
import { endpointOf } from './webhook-endpoints.ts'

export interface ServicesOptions {
  /** The only key that is accepted. */
  secretKey: string
  /** Where events are delivered. Without it they are only recorded: `GET /test/events`. */
  webhookUrl?: string | undefined
  webhookSecret?: string | undefined
  /** The types of events that are delivered there. By default all of them. */
  webhookEvents?: string[]
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
  limit: RateLimit
  clock: { skewMs: number }
  /** Calls for which the key lacks the permission, such as `GET /v1/refunds`. */
  denied: Set<string>
  requests: Received[]
  /** Runs an action, and collects the events that it emits. */
  recorded<T>(act: () => T): { result: T; events: Event[] }
  idempotency: ReturnType<typeof createIdempotency>
  secretKey: string
}

/** Creates what one local Stripe needs. `url` returns its address, which is known once it listens. */
export function createServices(options: ServicesOptions, url: () => string): Services {
  const { secretKey, prices = [], file } = options
  let emitted: Event[] = []
  const state = createState()
  if (file) restore(state, file)
  // A price that PLANS names may have been created with another amount, which never changes.
  addPrices(state, prices)
  const clock = { skewMs: 0 }
  const now = () => Math.floor((Date.now() + clock.skewMs) / 1000)
  addEndpoint(state, options, now())
  return {
    account: {
      state,
      url,
      now,
      emit(type, object, previous) {
        const event = snapshot(type, object, now(), previous)
        state.events.set(event.id, event)
        emitted.push(event)
      },
    },
    faults: createFaults(),
    hold: createHold(),
    limit: createRateLimit(),
    clock,
    denied: new Set(),
    requests: [],
    recorded(act) {
      emitted = []
      const result = act()
      addProducts(state.products, state.prices.values())
      if (file) keep(state, file)
      return { result, events: emitted }
    },
    idempotency: createIdempotency(),
    secretKey,
  }
}

const OWN_ENDPOINT = 'we_ledgerhook'

/**
 * Adds the endpoint of the options, with the address and secret of this run. Its subscribed events may come from the
 * file.
 */
function addEndpoint(
  state: State,
  { webhookUrl, webhookSecret, webhookEvents }: ServicesOptions,
  now: number,
) {
  if (!webhookUrl || !webhookSecret) return
  const fresh = {
    ...endpointOf(OWN_ENDPOINT, webhookUrl, webhookEvents ?? ['*'], now),
    api_version: Stripe.API_VERSION,
  }
  const kept = state.webhookEndpoints.get(OWN_ENDPOINT)
  state.webhookEndpoints.set(OWN_ENDPOINT, { ...fresh, ...kept, url: webhookUrl })
  state.endpointSecrets.set(OWN_ENDPOINT, webhookSecret)
}
