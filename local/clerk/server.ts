import type { ServerResponse } from 'node:http'
import { type Answer, json, type Request, readRequest, send } from '../http-messages.ts'
import { type HttpServer, serveHttp } from '../http-server.ts'
import { perform } from './api.ts'
import { control } from './control.ts'
import { deliver } from './deliveries.ts'
import { ApiError, serverError, tooMany, wrongHeader, wrongKey } from './errors.ts'
import { page } from './page.ts'
import { createServices, type Services, type ServicesOptions } from './services.ts'

export interface ClerkOptions extends ServicesOptions {
  /** 0 lets the system choose. */
  port: number
}

/** Its `url` is for `CLERK_API_BASE`. */
export type LocalClerk = HttpServer

/**
 * Starts a stand-in for the parts of Clerk's Backend API that Ledgerhook and its commands use, with its own users. It
 * reports changes to the Worker by real webhooks, signed by Svix's library. Throws a LocalError when the port is taken.
 */
export async function startClerk({ port, ...options }: ClerkOptions): Promise<LocalClerk> {
  const services = createServices(options)
  return await serveHttp(
    (message, response) => {
      void readRequest(message)
        .then((request) => route(services, request, response))
        .catch((error: unknown) => send(response, errorAnswer(error)))
    },
    { port, flag: '--clerk-port' },
  )
}

async function route(services: Services, request: Request, response: ServerResponse): Promise<void> {
  if (request.path.startsWith('/test/')) return send(response, await control(services, request))
  if (/^\/($|do\/)/.test(request.path)) return send(response, await page(services, request))
  const { method, path, query } = request
  const received = { method, path, query, status: 0 }
  services.requests.push(received)
  const fault = services.faults.next()
  if (fault === 'hang') return
  if (fault === 'drop') return void response.destroy()
  const answer = answerCall(services, request, fault)
  received.status = answer.status
  send(response, answer)
}

function answerCall(services: Services, request: Request, fault: string): Answer {
  try {
    authenticate(request.headers.authorization, services.secretKey)
    if (fault === 'server_error') throw serverError()
    const wait = fault === 'rate_limit' ? 1 : isLimited(request) ? services.limit.wait() : 0
    if (wait > 0) throw tooMany(wait)
    const { result, messages } = services.recorded(() => perform(services.instance, request))
    // Not awaited: as at Clerk, the response does not wait for the webhooks.
    void deliver(messages, services.endpoint)
    return json(result)
  } catch (error) {
    return errorAnswer(error)
  }
}

/** Clerk does not limit how often its keys are read (Clerk: system limits). */
const isLimited = ({ path }: Request) => path !== '/v1/jwks'

/** @throws ApiError 401 */
function authenticate(header: string | undefined, secretKey: string): void {
  const [, key] = /^Bearer (\S+)$/i.exec(header ?? '') ?? []
  if (!key) throw wrongHeader()
  if (key !== secretKey) throw wrongKey()
}

function errorAnswer(error: unknown): Answer {
  if (error instanceof ApiError) return json(error.body(), error.status, error.headers)
  return json(new ApiError(500, failed((error as Error).message)).body(), 500)
}

const failed = (message: string) => ({
  message: 'the stand-in failed',
  long_message: `the stand-in failed: ${message}`,
  code: 'internal_clerk_error',
})
