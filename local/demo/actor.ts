import { setTimeout as sleep } from 'node:timers/promises'
import { LocalError } from '../../cli/shared/errors.ts'
import { sessionClaims, signSessionToken } from '../session-token.ts'
import type { Stage } from './play.ts'

interface Body {
  id?: string
  outcome?: string
  reason?: string | null
  error?: string
  subscription?: { plan: string; status: string; cancel_at_period_end: boolean } | null
}

interface Told {
  object: { subscription?: string | null }
  events: { id: string; type: string; data: { object: { id: string } } }[]
  deliveries: Delivered[]
}
interface Delivered {
  status: number | null
  answer: Body
}

export type Actor = ReturnType<typeof actor>

/** Returns a person who uses the app with a session token and pays at Stripe. Every action returns the responses. */
export function actor(user: string, { workerUrl, stripeUrl, sessionKey }: Stage) {
  let session = ''
  let subscription = ''
  let declined = ''
  let events: Told['events'] = []

  async function call(method: string, path: string, body?: object): Promise<[number, Body]> {
    const token = await signSessionToken(sessionKey, sessionClaims({ user }))
    const init = {
      method,
      headers: { Authorization: `Bearer ${token}` },
      ...(body && { body: JSON.stringify(body) }),
    }
    const response = await fetch(workerUrl + path, init)
    return [response.status, (await response.json()) as Body]
  }

  async function atStripe<T>(path: string, body: object = {}): Promise<T> {
    const response = await fetch(`${stripeUrl}/test/${path}`, { method: 'POST', body: JSON.stringify(body) })
    if (!response.ok) throw new LocalError(`the local Stripe refused ${path}: ${await response.text()}`)
    return (await response.json()) as T
  }

  async function told(path: string, body?: object): Promise<string[]> {
    const answer = await atStripe<Told>(path, body)
    subscription = answer.object.subscription ?? subscription
    events = answer.events
    const failed = answer.events.find(({ type }) => type === 'invoice.payment_failed')
    declined = failed?.data.object.id ?? declined
    return answer.deliveries.map(said)
  }

  return {
    session: () => session,
    get: async (path: string) => [summarize(await call('GET', path))],
    openPortal: async () => [summarize(await call('POST', '/api/billing-portal'))],
    async buy(what: { pack: string } | { plan: string }) {
      const [status, body] = await call('POST', '/api/checkout', what)
      session = body.id ?? session
      return [summarize([status, body])]
    },
    pay: (how: string, body?: object) => told(`sessions/${session}/${how}`, body),
    comeBack: async (of = session) => [summarize(await call('GET', `/api/checkout/${of}`))],
    /** Makes Stripe send the webhooks of the last action again. */
    async resend() {
      const deliveries = await Promise.all(
        events.map(({ id }) => atStripe<Delivered[]>(`events/${id}/resend`)),
      )
      return deliveries.flat().map(said)
    },
    /**
     * Waits first, because Stripe counts in whole seconds: two changes must not share one. A person takes longer
     * anyway.
     */
    async subscriptionAt(action: string, body?: object) {
      await sleep(1_000)
      return await told(`subscriptions/${subscription}/${action}`, body)
    },
    /** Adds a price of this amount at Stripe. */
    async sells(price: string, unit_amount: number, interval = 'month') {
      await atStripe(`prices/${price}/create`, { unit_amount, interval })
    },
    /** The person pays the invoice whose payment was declined. */
    payOpen: () => told(`invoices/${declined}/pay`),
    async subscription() {
      const [status, { subscription: current }] = await call('GET', '/api/me')
      return [`${status} ${current?.plan} ${current?.status}${current?.cancel_at_period_end ? ', ends' : ''}`]
    },
  }
}

const said = ({ status, answer }: Delivered) =>
  status === null ? 'no response' : summarize([status, answer])

function summarize([status, { outcome, reason, error }]: [number, Body]): string {
  const verdict = [outcome, reason].filter(Boolean).join(' / ')
  return [status, verdict || error].filter(Boolean).join(' ')
}
