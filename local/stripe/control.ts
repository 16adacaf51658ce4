import * as z from 'zod'
import { briefly } from '../brief.ts'
import { readBody } from './body.ts'
import { settle } from './charges.ts'
import { deleteCustomer } from './customers.ts'
import { closeDispute, openDispute, reinstate } from './disputes.ts'
import { ApiError, found, invalid } from './errors.ts'
import { deliver } from './events.ts'
import { type Answer, json, type Request } from './http.ts'
import { settleOpen } from './invoices.ts'
import { openLink, openTable } from './links.ts'
import { createPrice } from './new-price.ts'
import { bankDecides, pay, payLater } from './payments.ts'
import { failRefund, refundCharge } from './refunds.ts'
import type { Services } from './services.ts'
import type { State } from './state.ts'
import { lifecycle, retrieveSubscription } from './subscriptions.ts'
import { switches } from './switches.ts'
import { payDirectly, payOneOffInvoice } from './without-checkout.ts'

/** Actions of a person, or of time, for which Stripe's API has no call. Each returns the object that it changed. */
const actions: Record<
  string,
  (services: Services, id: string, action: string, body: Body) => object | undefined
> = {
  sessions: ({ account }, id, action, body) => {
    if (action === 'pay') return pay(account, id, body)
    if (action === 'pay-later') return payLater(account, id, body)
    if (action === 'bank-paid') return bankDecides(account, id, 'succeeded')
    if (action === 'bank-failed') return bankDecides(account, id, 'failed')
    return undefined
  },
  payment_links: ({ account }, id, action, body) =>
    action === 'open' ? openLink(account, id, body) : undefined,
  pricing_tables: ({ account }, price, action, body) =>
    action === 'open' ? openTable(account, price, body) : undefined,
  subscriptions: ({ account }, id, action, body) => {
    const act = Object.hasOwn(lifecycle, action) ? lifecycle[action] : undefined
    const subscription = retrieveSubscription(account, id)
    act?.(account, subscription, body)
    return act && subscription
  },
  payment_intents: ({ account }, id, action, order) =>
    id === 'new' && action === 'pay' ? payDirectly(account, order) : undefined,
  invoices: ({ account }, id, action, order) => {
    if (action !== 'pay' && action !== 'void') return undefined
    return id === 'new' ? payOneOffInvoice(account, order) : settleOpen(account, id, action)
  },
  customers: ({ account }, id, action) => {
    if (action !== 'delete') return undefined
    deleteCustomer(account, id)
    return account.state.customers.get(id)
  },
  charges: ({ account }, id, action, body) => {
    if (action === 'refund') return refundCharge(account, id, body)
    if (action === 'dispute') return openDispute(account, id, body)
    if (action === 'settle') return settle(account, id, body)
    return undefined
  },
  refunds: ({ account }, id, action) => (action === 'fail' ? failRefund(account, id) : undefined),
  disputes: ({ account }, id, action, body) => {
    if (action === 'win') return closeDispute(account, id, 'won', body)
    if (action === 'lose') return closeDispute(account, id, 'lost', body)
    if (action === 'reinstate') return reinstate(account, id, body)
    return undefined
  },
  prices: ({ account }, id, action, body) =>
    action === 'create' ? createPrice(account, id, body) : undefined,
}

type Body = Record<string, unknown>

/** Every action takes `deliver`, and says itself what else it takes. */
const actionBody = z.looseObject({ deliver: z.boolean().optional() })

/**
 * - `POST /test/<kind>/<id>/<action>` returns `{deliveries, object, events}`: the Worker's response to each event that
 * reports the change, the changed object, and the events. With `{"deliver": false}` the events are kept back.
 * - `POST /test/events/<id>/resend` delivers an event again.
 * - `POST /test/faults`, `/test/limit`, `/test/clock`, …: see `switches.ts`.
 * - `GET /test/requests` lists the calls received; `GET /test/events`, `/test/customers`, … list the objects.
 * - With `?brief` each returns only the members of an object that matter, and one line for each event.
 */
export async function control(services: Services, request: Request): Promise<Answer> {
  return briefly(request, await handle(services, request))
}

async function handle(services: Services, request: Request): Promise<Answer> {
  const [, , kind = '', id = '', action = ''] = request.path.split('/')
  if (request.method === 'GET') return look(services, kind, request)
  const body = parsed(request.body)
  if (Object.hasOwn(switches, kind)) return json(switches[kind]?.(services, body))
  if (kind === 'events' && action === 'resend')
    return json(await deliver([found(services.account.state.events, 'event', id)], services.account.state))

  const { deliver: isDelivered = true, ...given } = readBody(actionBody, body)
  const act = Object.hasOwn(actions, kind) ? actions[kind] : undefined
  const { result, events } = services.recorded(() => act?.(services, id, action, given))
  if (!result) throw unknownControl(request)
  const deliveries = isDelivered ? await deliver(events, services.account.state) : []
  return json({ deliveries, object: mattersFirst(result), events })
}

function look({ requests, account: { state } }: Services, kind: string, request: Request): Answer {
  if (kind === 'requests') return json(requests)
  const name = kind.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase())
  // Secrets are never shown.
  if (!Object.hasOwn(state, name) || name === 'endpointSecrets') throw unknownControl(request)
  return json([...state[name as keyof State].values()])
}

/** The members that a person looks for in an object. They are shown first. */
const MATTERS = [
  'id',
  'object',
  'status',
  'payment_status',
  'amount',
  'amount_total',
  'amount_paid',
  'currency',
  'customer',
  'subscription',
  'metadata',
]

function mattersFirst(object: object): object {
  const first = MATTERS.filter((name) => Object.hasOwn(object, name))
  return { ...Object.fromEntries(first.map((name) => [name, Reflect.get(object, name)])), ...object }
}

function parsed(text: string): unknown {
  if (text === '') return {}
  try {
    return JSON.parse(text)
  } catch {
    throw invalid('the body is not JSON')
  }
}

function unknownControl({ method, path }: Request): ApiError {
  return new ApiError(404, { type: 'invalid_request_error', message: `no such control: ${method} ${path}` })
}
