import { createServer, type ServerResponse } from 'node:http'
import { listenOn } from '../ports.ts'
import { type Account, newId } from './account.ts'
import { findCall } from './api.ts'
import { authenticate } from './authenticate.ts'
import { control } from './control.ts'
import { deliver, type Endpoint, snapshot } from './events.ts'
import { answerWithFault, createFaults, type Fault, type Faults, failWithin } from './faults.ts'
import { type Params, parseForm } from './form.ts'
import { type Answer, errorAnswer, json, type Request, readRequest, send } from './http.ts'
import { createIdempotency } from './idempotency.ts'
import { keep, restore } from './kept.ts'
import { page } from './page.ts'
import { createState, type Event, type Price } from './state.ts'

export interface StripeOptions {
  /** 0 lets the system choose. */
  port: number
  /** The only key that is accepted. */
  secretKey: string
  /** Where events are delivered. Without it they are recorded alone: `GET /test/events`. */
  webhookUrl?: string | undefined
  webhookSecret?: string | undefined
  /** The recurring prices of the account: `recurringPrice` makes one. */
  prices?: Price[]
  /** Where the state is kept between runs. Without it, in memory alone. */
  file?: string | undefined
}

export interface LocalStripe {
  /** For `STRIPE_API_BASE`. */
  url: string
  port: number
  stop(): Promise<void>
}

/** A call as it was received, and what it was answered. */
export interface Received {
  method: string
  path: string
  params: Params
  idempotency_key: string | null
  stripe_version: string | null
  status: number | null
}

export interface Server {
  account: Account
  faults: Faults
  endpoint: Endpoint | undefined
  requests: Received[]
  /** Runs an action, and gathers the events that it emits. */
  recorded<T>(act: () => T): { result: T; events: Event[] }
  idempotency: ReturnType<typeof createIdempotency>
  secretKey: string
}

/**
 * Starts a stand-in for the endpoints of Stripe's API that Ledgerhook uses, with a state of its own; what a
 * person does (pay, renew, cancel) is done over HTTP under `/test` and `/pay`, and tells the Worker by real, signed
 * webhooks. Rejects with a LocalError when the port is taken.
 */
export async function startStripe(options: StripeOptions): Promise<LocalStripe> {
  const services = createServices(options, () => `http://127.0.0.1:${port}`)
  const server = createServer((message, response) => {
    void readRequest(message)
      .then((request) => route(services, request, response))
      .catch((error: unknown) => send(response, withRequestId(errorAnswer(error))))
  })
  // Node closes an idle connection after 5 s, which may be just when a client sends on it.
  server.keepAliveTimeout = 0
  const port = await listenOn(server, options.port, '127.0.0.1', '--stripe-port')
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    stop: async () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

function createServices(options: StripeOptions, url: () => string): Server {
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

async function route(server: Server, request: Request, response: ServerResponse): Promise<void> {
  if (request.path.startsWith('/test/')) return send(response, await control(server, request))
  if (/^\/(pay|portal|app)\//.test(request.path)) return send(response, await page(server, request))
  const received = receive(request)
  server.requests.push(received)
  const fault = server.faults.next()
  const run = async () => {
    const answer = await answerCall(server, request, received.params, fault).catch(errorAnswer)
    received.status = answer.status
    return withRequestId(answer, request)
  }
  await answerWithFault(fault, response, run)
}

function receive({ method, path, query, body, headers }: Request): Received {
  return {
    ...{ method, path, status: null, params: parseForm(method === 'POST' ? body : query) },
    idempotency_key: headers['idempotency-key']?.toString() ?? null,
    stripe_version: headers['stripe-version']?.toString() ?? null,
  }
}

async function answerCall(server: Server, request: Request, params: Params, fault: Fault): Promise<Answer> {
  authenticate(request.headers.authorization, server.secretKey)
  const { method, path, body, headers } = request
  const { run, id } = findCall(method, path)
  const key = method === 'POST' ? headers['idempotency-key']?.toString() : undefined
  return await server.idempotency(key, `${method} ${path} ${body}`, async () => {
    try {
      const perform = run(server.account, id, params)
      await failWithin(fault)
      const { result, events } = server.recorded(perform)
      // As Stripe: the call is answered, and its webhooks come by themselves.
      void deliver(events, server.endpoint)
      return json(result)
    } catch (error) {
      return errorAnswer(error)
    }
  })
}

function withRequestId(answer: Answer, request?: Request): Answer {
  const version = request?.headers['stripe-version']?.toString()
  const headers = { 'Request-Id': newId('req'), ...(version && { 'Stripe-Version': version }) }
  return { ...answer, headers: { ...headers, ...answer.headers } }
}
