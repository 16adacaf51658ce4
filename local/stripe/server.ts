import type { ServerResponse } from 'node:http'
import { type HttpServer, serveHttp } from '../http-server.ts'
import { randomId } from '../ids.ts'
import { findCall } from './api.ts'
import { authenticate } from './authenticate.ts'
import { control } from './control.ts'
import { dashboard } from './dashboard.ts'
import { notPermitted, rateLimited } from './errors.ts'
import { deliver } from './events.ts'
import { answerWithFault, type Fault, failWithin } from './faults.ts'
import { type Params, parseForm } from './form.ts'
import { type Answer, errorAnswer, json, type Request, readRequest, send } from './http.ts'
import { page } from './page.ts'
import { createServices, type Received, type Services, type ServicesOptions } from './services.ts'

export interface StripeOptions extends ServicesOptions {
  /** 0 lets the system choose. */
  port: number
}

/** Its `url` is for `STRIPE_API_BASE`. */
export type LocalStripe = HttpServer

/**
 * Starts a stand-in for the endpoints of Stripe's API that Ledgerhook uses, with its own state. A person's actions
 * (pay, renew, cancel) are requests under `/test` and `/pay`, or buttons of `/`. It reports them to the Worker by real,
 * signed webhooks. Throws a LocalError when the port is taken.
 */
export async function startStripe(options: StripeOptions): Promise<LocalStripe> {
  let url = ''
  const services = createServices(options, () => url)
  const server = await serveHttp(
    (message, response) => {
      void readRequest(message)
        .then((request) => route(services, request, response))
        .catch((error: unknown) => send(response, withRequestId(errorAnswer(error), services)))
    },
    { port: options.port, flag: '--stripe-port' },
  )
  url = server.url
  return server
}

async function route(services: Services, request: Request, response: ServerResponse): Promise<void> {
  if (request.path.startsWith('/test/')) return send(response, await control(services, request))
  if (/^\/($|do\/)/.test(request.path)) return send(response, await dashboard(services, request))
  if (/^\/(pay|buy|portal|app)\//.test(request.path)) return send(response, await page(services, request))
  const received = receive(request)
  services.requests.push(received)
  const fault = services.faults.next()
  const run = async () => {
    const answer = await answerCall(services, request, received.params, fault).catch(errorAnswer)
    received.status = answer.status
    return withRequestId(answer, services, request)
  }
  await answerWithFault(fault, response, run)
}

function receive({ method, path, query, body, headers }: Request): Received {
  return {
    method,
    path,
    status: null,
    params: parseForm(method === 'POST' ? body : query),
    idempotency_key: headers['idempotency-key']?.toString() ?? null,
    stripe_version: headers['stripe-version']?.toString() ?? null,
  }
}

async function answerCall(
  services: Services,
  request: Request,
  params: Params,
  fault: Fault,
): Promise<Answer> {
  authenticate(request.headers.authorization, services.secretKey)
  const { method, path, body, headers } = request
  const wait = services.limit.wait()
  if (wait > 0) throw rateLimited({ 'Retry-After': String(wait) })
  const { run, id, route } = findCall(method, path)
  if (services.denied.has(route)) throw notPermitted(route)
  const key = method === 'POST' ? headers['idempotency-key']?.toString() : undefined
  return await services.idempotency(key, `${method} ${path} ${body}`, async () => {
    try {
      const perform = run(services.account, id, params)
      await failWithin(fault, services.hold)
      const { result, events } = services.recorded(perform)
      // Not awaited: as at Stripe, the response does not wait for the webhooks.
      void deliver(events, services.account.state)
      return json(result)
    } catch (error) {
      return errorAnswer(error)
    }
  })
}

function withRequestId(answer: Answer, { clock }: Services, request?: Request): Answer {
  const version = request?.headers['stripe-version']?.toString()
  const headers = {
    'Request-Id': randomId('req'),
    // The time of Stripe's clock, which a test can set.
    Date: new Date(Date.now() + clock.skewMs).toUTCString(),
    ...(version && { 'Stripe-Version': version }),
  }
  return { ...answer, headers: { ...headers, ...answer.headers } }
}
