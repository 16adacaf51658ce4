import type { Request } from '../http-messages.ts'
import { randomId } from '../ids.ts'
import { createEmailAddress, deleteEmailAddress } from './email-addresses.ts'
import { noRoute, noWebhooks, unprocessable } from './errors.ts'
import type { Instance } from './instance.ts'
import { jwks } from './jwks.ts'
import { countUsers, listUsers } from './list.ts'
import { createUser, deleteUser, findUser, setBanned, updateUser } from './users.ts'

interface Call {
  id: string
  query: URLSearchParams
  body: unknown
}

/** The endpoints that Ledgerhook and its commands use, and those that change users. `:id` is one segment. */
const calls: Record<string, (instance: Instance, call: Call) => unknown> = {
  'GET /v1/users': (instance, { query }) => listUsers(instance, query),
  'GET /v1/users/count': (instance, { query }) => countUsers(instance, query),
  'POST /v1/users': (instance, { body }) => createUser(instance, body),
  'GET /v1/users/:id': (instance, { id }) => findUser(instance, id),
  'PATCH /v1/users/:id': (instance, { id, body }) => updateUser(instance, id, body),
  'DELETE /v1/users/:id': (instance, { id }) => deleteUser(instance, id),
  'POST /v1/users/:id/ban': (instance, { id }) => setBanned(instance, id, true),
  'POST /v1/users/:id/unban': (instance, { id }) => setBanned(instance, id, false),
  'POST /v1/email_addresses': (instance, { body }) => createEmailAddress(instance, body),
  'DELETE /v1/email_addresses/:id': (instance, { id }) => deleteEmailAddress(instance, id),
  'GET /v1/jwks': (instance) => jwks(instance),
  'GET /v1/instance': ({ id }) => ({
    object: 'instance',
    id,
    environment_type: 'development',
    allowed_origins: null,
    workspace_id: null,
  }),
  // A page of Svix's own at Clerk, where a person looks at the endpoints: the key cannot list them.
  'POST /v1/webhooks/svix_url': ({ hasWebhooks }) => {
    if (!hasWebhooks) throw noWebhooks()
    return { svix_url: `https://app.svix.com/login#key=${randomId('local')}` }
  },
}

/** Runs a call, and returns what Clerk returns. @throws ApiError */
export function perform(instance: Instance, { method, path, query, body }: Request): unknown {
  for (const [route, run] of Object.entries(calls)) {
    const match = new RegExp(`^${route.replace(':id', '([^/]+)')}$`).exec(`${method} ${path}`)
    if (!match) continue
    const id = decodeURIComponent(match[1] ?? '')
    return run(instance, { id, query: new URLSearchParams(query), body: parsed(body) })
  }
  throw noRoute(method, path)
}

export function parsed(body: string): unknown {
  if (body === '') return {}
  try {
    return JSON.parse(body)
  } catch {
    throw unprocessable('request_body_invalid', 'body', 'The request body is not JSON.')
  }
}
