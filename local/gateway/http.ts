import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Answer, GatewayError } from './errors.ts'
import { MAX_BYTES } from './protocol.ts'

/** The response to the preflight request of a browser. */
export const CORS_ANSWER: Answer = {
  status: 200,
  headers: {
    Allow: 'OPTIONS, POST',
    'Access-Control-Allow-Headers':
      'Authorization, Neon-Connection-String, Neon-Raw-Text-Output, Neon-Array-Mode, Neon-Pool-Opt-In, ' +
      'Neon-Batch-Read-Only, Neon-Batch-Isolation-Level, Neon-Batch-Deferrable',
    'Access-Control-Max-Age': '86400',
  },
  body: '',
}

export function sendHead(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, {
    'Access-Control-Allow-Origin': '*',
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    ...headers,
  })
}

export function send(response: ServerResponse, answer: Answer): void {
  if (response.destroyed) return
  sendHead(response, answer)
  response.end(answer.body)
}

/** What a person reads who opens the gateway's address in a browser. */
export const PAGE: Answer = {
  status: 200,
  headers: { 'Content-Type': 'text/plain; charset=utf-8' },
  body: `This is the local gateway: SQL over HTTP as Neon speaks it, for the Worker, by POST /sql.

npm run studio      shows the tables in a browser
GET /stats          counts requests and statements
POST /faults        breaks the connection to the database: docs/spill.md
`,
}

/** Returns the whole body as text. Throws a GatewayError 413 above 10 MiB. */
export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    // A body that is too large is read to its end: a client that still writes would see a broken pipe, not the
    // response.
    if (size <= MAX_BYTES) chunks.push(chunk)
  }
  if (size > MAX_BYTES) throw new GatewayError(413, `request is too large (max is ${MAX_BYTES} bytes)`)
  return Buffer.concat(chunks).toString()
}
