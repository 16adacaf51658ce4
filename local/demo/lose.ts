import { LocalError } from '../../cli/shared/errors.ts'
import { randomId } from '../ids.ts'
import { freePort } from '../ports.ts'
import { create } from '../stripe/objects.ts'
import type { Charge, Refund, WebhookEndpoint } from '../stripe/state.ts'
import type { Stage } from './play.ts'

interface Told {
  events: { id: string }[]
  deliveries: { status: number; answer: { outcome: string; reason: string | null } }[]
}

export type People = ReturnType<typeof peopleAtClerk>

/** Returns actions of people at Clerk. Each returns the Worker's responses, which are none if the event is lost. */
export function peopleAtClerk({ clerkUrl }: Stage) {
  let lost: string[] = []
  return {
    async act(user: string, action: string, body: object): Promise<string[]> {
      const { events, deliveries } = await post<Told>(`${clerkUrl}/test/users/${user}/${action}`, body)
      if (deliveries.length === 0) lost.push(...events.map(({ id }) => id))
      return deliveries.map(said)
    },
    /** Makes Clerk send the lost events. */
    async resend(): Promise<string[]> {
      const answers: string[] = []
      for (const id of lost)
        answers.push(
          ...(await post<Told['deliveries']>(`${clerkUrl}/test/events/${id}/resend`, {})).map(said),
        )
      lost = []
      return answers
    },
  }
}

const said = ({ status, answer: { outcome, reason } }: Told['deliveries'][number]) =>
  [`${status} ${outcome}`, reason].filter(Boolean).join(' / ')

/** Moves Stripe's endpoint to an address without a listener. Returns a function that moves it back. */
export async function takeEndpointAway({ stripeUrl }: Stage): Promise<() => Promise<void>> {
  const endpoints = await list<WebhookEndpoint>(stripeUrl, 'webhook_endpoints')
  const away = `http://127.0.0.1:${await freePort()}/moved`
  await seed(stripeUrl, { webhookEndpoints: endpoints.map((endpoint) => ({ ...endpoint, url: away })) })
  return async () => await seed(stripeUrl, { webhookEndpoints: endpoints })
}

/** Refunds a part of the first payment without an event. The amount is in minor units. */
export async function refundUnreported({ stripeUrl }: Stage, amount: number): Promise<void> {
  const [charge] = await list<Charge>(stripeUrl, 'charges')
  if (!charge) throw new LocalError('nothing was paid at the local Stripe')
  const { id, payment_intent, currency, created } = charge
  const refund = create<Refund>('refund', {
    id: randomId('re'),
    amount,
    charge: id,
    payment_intent,
    currency,
    created,
    status: 'succeeded',
  })
  await seed(stripeUrl, { refunds: [refund], charges: [{ ...charge, amount_refunded: amount }] })
}

async function seed(stripeUrl: string, objects: Record<string, object[]>): Promise<void> {
  await post(`${stripeUrl}/test/seed`, objects)
}

async function post<T>(url: string, body: object): Promise<T> {
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) })
  if (!response.ok) throw new LocalError(`${url} returns ${response.status}: ${await response.text()}`)
  return (await response.json()) as T
}

async function list<T>(base: string, kind: string): Promise<T[]> {
  return (await (await fetch(`${base}/test/${kind}`)).json()) as T[]
}
