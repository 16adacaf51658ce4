import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'

/** A response of a stand-in. */
export interface Answer {
  status: number
  headers: Record<string, string>
  /** JSON text, or a page of HTML. */
  body: string
}

/** A request to a stand-in. */
export interface Request {
  method: string
  path: string
  /** Without the question mark. */
  query: string
  headers: IncomingMessage['headers']
  body: string
}

export async function readRequest(message: IncomingMessage): Promise<Request> {
  const { pathname, search } = new URL(message.url ?? '/', 'http://stand-in.local')
  const { method = 'GET', headers } = message
  return { method, path: pathname, query: search.slice(1), headers, body: await text(message) }
}

export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Answer {
  return {
    status,
    headers: { 'Content-Type': 'application/json', ...headers },
    // It ends with a line break, so that a terminal's prompt starts on a new line.
    body: `${JSON.stringify(body, null, 2)}\n`,
  }
}

export function send(response: ServerResponse, { status, headers, body }: Answer): void {
  if (response.destroyed) return
  response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) })
  response.end(body)
}
