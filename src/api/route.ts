import * as z from 'zod/mini'
import type { Database } from '../db.ts'
import { once } from '../once.ts'
import type { Settings } from '../settings.ts'

type Caller = 'user' | 'service'
type Fields = z.ZodMiniObject

/** What the API's document says about a route. Its schemas are created when they are needed. */
export interface Described {
  method: 'get' | 'post'
  /** The full path, with parameters as OpenAPI writes them: `/api/checkout/{id}`. */
  path: `/api/${string}`
  summary: string
  description?: string
  /** Who may call: a signed-in user, or the holder of a token or of a signing secret. */
  caller: Caller | 'operator' | 'provider' | 'anyone'
  params?: () => Fields
  query?: () => Fields
  body?: () => z.ZodMiniType
  response: () => z.ZodMiniType
  /** By status: the refusals that only this route has. */
  refusals?: Record<number, () => z.ZodMiniType>
}

/** What a handler receives: the checked request. */
interface Call<Who, Params, Query, Body> {
  /** Clerk's id of the signed-in user. */
  userId: Who extends 'user' ? string : null
  /** The name of the service token. Null if the token has none, and for a signed-in user. */
  tokenName: string | null
  params: z.output<Params>
  query: z.output<Query>
  body: z.output<Body>
  settings: Settings
  db: Database
  /** Adds a header to the response. */
  header(name: string, value: string): void
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
  /** Whether the response has an ETag, and is 304 for a caller who has the same already. */
  revalidates?: boolean
  params?: () => Params
  query?: () => Query
  body?: () => Body
  response: () => Reply
  handle(call: Call<Who, Params, Query, Body>): Promise<z.input<Reply>>
}

/** Ties a route's schemas to the types of its handler, and creates each schema that checks requests only once. */
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

/** The response to a request that is understood but not fulfilled. */
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

/** Returns the schema of a refusal's body. */
export const refusal = (error: string, more?: () => z.core.$ZodShape) => () =>
  z.object({ error: z.literal(error), ...more?.() })

/** Returns the refusal of a request some of whose fields do not match the schema. */
export const invalidRequest = (fields: Record<string, string[]>) =>
  new Refusal(400, 'invalid_request', { fields })
