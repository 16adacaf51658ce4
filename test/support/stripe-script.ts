import type { IncomingMessage, ServerResponse } from 'node:http'

/** What Stripe is to answer: a status and a body, or nothing at all. */
export interface Scripted {
  status?: number
  body?: unknown
  hang?: boolean
}

/**
 * Stripe's API as tests script it: canned answers by `GET /v1/…`, with those members of its query that a test names
 * (`GET /v1/refunds?charge=ch_1`), and what was asked. Unscripted, it is down (500).
 */
export function stripeScript() {
  const answers = new Map<string, Scripted>()
  const calls: string[] = []
  const forQuery = (call: string, query: string) =>
    [...new URLSearchParams(query)]
      .map(([name, value]) => answers.get(`${call}?${name}=${value}`))
      .find((answer) => answer !== undefined)
  return {
    /** Answers of earlier scripts stay, unless they are given anew. */
    script(scripted: Record<string, Scripted>) {
      for (const [call, answer] of Object.entries(scripted)) answers.set(call, answer)
      return {}
    },
    /** The calls whose path has this in it, in the order in which they came. */
    calls: ({ about }: { about: string }) => calls.filter((call) => call.includes(about)),
    serve(request: IncomingMessage, response: ServerResponse) {
      const [path = '', query = ''] = (request.url ?? '').split('?')
      const call = `${request.method} ${path}`
      calls.push(call)
      const down = { status: 500, body: { error: { type: 'api_error', message: 'not scripted' } } }
      const { status = 200, body, hang }: Scripted = forQuery(call, query) ?? answers.get(call) ?? down
      if (hang) return
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(JSON.stringify(body))
    },
  }
}
