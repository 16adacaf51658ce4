import type { IncomingMessage, ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import { serveHttp } from '../../local/http-server.ts'

/** A scripted response of Stripe: a status and a body, or no response. */
export interface Scripted {
  status?: number
  body?: unknown
  hang?: boolean
}

/**
 * Starts Stripe's API with the scripted responses of one test file, by `GET /v1/…` with the query members that a test
 * names (`GET /v1/refunds?charge=ch_1`), and records the calls. A call without a script gets 500 and a header that
 * forbids a retry, because the SDK would wait half a second before it. `POST /script` adds responses; earlier ones stay
 * unless they are replaced. `POST /calls` returns the calls whose path contains `about`, in the order in which they
 * arrived.
 */
export async function startScript() {
  const answers = new Map<string, Scripted>()
  const calls: string[] = []
  const forQuery = (call: string, query: string) =>
    [...new URLSearchParams(query)]
      .map(([name, value]) => answers.get(`${call}?${name}=${value}`))
      .find((answer) => answer !== undefined)

  function answer(request: IncomingMessage, response: ServerResponse) {
    const [path = '', query = ''] = (request.url ?? '').split('?')
    const call = `${request.method} ${path}`
    calls.push(call)
    const scripted = forQuery(call, query) ?? answers.get(call)
    const down = { status: 500, body: { error: { type: 'api_error', message: 'not scripted' } } }
    const { status = 200, body, hang }: Scripted = scripted ?? down
    if (hang) return
    response.writeHead(status, {
      'content-type': 'application/json',
      ...(scripted === undefined && { 'stripe-should-retry': 'false' }),
    })
    response.end(JSON.stringify(body))
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url === '/script') {
      const scripted = (await json(request)) as Record<string, Scripted>
      for (const [call, one] of Object.entries(scripted)) answers.set(call, one)
      response.end('{}')
    } else if (request.url === '/calls') {
      const { about } = (await json(request)) as { about: string }
      response.end(JSON.stringify(calls.filter((call) => call.includes(about))))
    } else answer(request, response)
  }

  return await serveHttp((request, response) => void serve(request, response), {
    port: 0,
    flag: 'none: the system chooses it',
  })
}
