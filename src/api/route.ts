import * as z from 'zod/mini'
import type { Database } from '../db.ts'
import { once } from '../once.ts'
import type { Settings } from '../settings.ts'

type Caller = 'user' | 'service'
type Fields = z.ZodMiniObject

/** What the API's document says of a route. Its schemas are made when something asks for them. */
export interface Described {
  method: 'get' | 'post'
  /** In full, parameters as OpenAPI writes them: `/api/checkout/{id}`. */
  path: `/api/${string}`
  summary: string
  description?: string
  /** Who may call: a signed-in user, or the holder of a token or of a signing secret. */
  caller: Caller | 'operator' | 'provider' | 'anyone'
  params?: () => Fields
  query?: () => Fields
  body?: () => z.ZodMiniType
  response: () => z.ZodMiniType
  /** By status, those that are this route's own. */
  refusals?: Record<number, () => z.ZodMiniType>
}

/** What a handler works with: the request, checked. */
interface Call<Who, Params, Query, Body> {
  /** Clerk's id of the signed-in user. */
  userId: Who extends 'user' ? string : null
  /** The name of the service token. Null for a token that has none, and for a signed-in user. */
  tokenName: string | null
  params: z.output<Params>
  query: z.output<Query>
  body: z.output<Body>
  settings: Settings
  db: Database
}

/** A route of ours: described, and handled. `handle` returns the response's body, or throws a Refusal. */
export interface Route<
  Who extends Caller = Caller,
  Params extends Fields = Fields,
  Query extends Fields = Fields,
  Body extends z.ZodMiniType = z.ZodMiniType,
  Reply extends z.ZodMiniType = z.ZodMiniType,
> extends Described {
  caller: Who
  /** Whether the response has an ETag, and is 304 for a caller who knows it. */
  revalidates?: boolean
  params?: () => Params
  query?: () => Query
  body?: () => Body
  response: () => Reply
  handle(call: Call<Who, Params, Query, Body>): Promise<z.input<Reply>>
}

/** Ties the types of a route's schemas to its handler's, and keeps those that requests are checked with. */
export function route<
  Who extends Caller,
  Reply extends z.ZodMiniType,
  Params extends Fields = Fields,
  Query extends Fields = Fields,
  Body extends z.ZodMiniType = z.ZodMiniType,
>(definition: Route<Who, Params, Query, Body, Reply>): Route {
  const { params, query, body } = definition
  const kept = { params: params && once(params), query: query && once(query), body: body && once(body) }
  return { ...definition, ...kept } as unknown as Route
}

/** The response to a request that is understood and not fulfilled. */
export class Refusal extends Error {
  override name = 'Refusal'
  readonly status: 400 | 402 | 403 | 404 | 409 | 502 | 503
  readonly body: { error: string } & Record<string, unknown>
  readonly headers: Record<string, string>

  constructor(
    status: Refusal['status'],
    error: string,
    more: Record<string, unknown> = {},
    headers: Record<string, string> = {},
  ) {
    super(error)
    this.status = status
    this.body = { error, ...more }
    this.headers = headers
  }
}

/** The schema of a refusal's body. */
export const refusal = (error: string, more?: () => z.core.$ZodShape) => () =>
  z.object({ error: z.literal(error), ...more?.() })

/** Some fields of a request are not as the schema wants them. */
export const invalidRequest = (fields: Record<string, string[]>) =>
  new Refusal(400, 'invalid_request', { fields })
