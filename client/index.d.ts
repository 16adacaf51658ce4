import type { Client } from 'openapi-fetch'
import type { paths } from './schema.d.ts'

/** Every route, with what it takes and returns, by path and method. */
export type { paths } from './schema.d.ts'

/**
 * Calls the API: `GET('/api/me')`, `POST('/api/wallet/spend', { body })`. Each call resolves with `{ data, response }`,
 * or with `{ error, response }` if the status is not 2xx: `error.error` names the refusal. A 304, which only a call with
 * `If-None-Match` gets, has neither. It rejects only if there is no response.
 */
export type LedgerhookClient = Client<paths>

export interface ClientOptions {
  /** Where your Ledgerhook is: `https://ledgerhook.example.com`. */
  url: string
  /**
   * In a browser, Clerk's `getToken`, which is called before each request. On your server, SERVICE_TOKEN or OPS_TOKEN,
   * which must never reach a browser.
   */
  token?: string | (() => string | null | Promise<string | null>)
  /** Sends the requests instead of the global `fetch`, such as the `fetch` of a service binding. */
  fetch?: (request: Request) => Promise<Response>
}

/** Makes a client for one caller: a signed-in user, or your backend. @throws TypeError without a `url` */
export function createClient(options: ClientOptions): LedgerhookClient
