import * as z from 'zod'
import { briefly } from '../brief.ts'
import { type Answer, json, type Request } from '../http-messages.ts'
import { parsed } from './api.ts'
import { deliver } from './deliveries.ts'
import { ApiError, noRoute, unprocessable } from './errors.ts'
import type { Instance } from './instance.ts'
import type { Services } from './services.ts'
import { createUser, deleteUser, findUser, readBody, seedUsers, setBanned, updateUser } from './users.ts'

const actions: Record<string, (instance: Instance, id: string, body: object) => unknown> = {
  create: (instance, id, body) => createUser(instance, body, freeId(instance, id)),
  update: updateUser,
  delete: deleteUser,
  ban: (instance, id) => setBanned(instance, id, true),
  unban: (instance, id) => setBanned(instance, id, false),
}

const actionBody = z.looseObject({ deliver: z.boolean().optional() })
const webhooksBody = z.strictObject({ set_up: z.boolean() })
const limitBody = z.strictObject({
  requests: z.int().min(0).optional(),
  per_ms: z.int().min(1).default(10_000),
})

/**
 * - `POST /test/users/<id>/<action>` does what a person does in Clerk's Dashboard: `create`, `update`, `delete`, `ban`,
 * `unban`, with the members of the API's own body. With `create` the caller chooses the id. It returns `{user, events,
 * deliveries}`. With `{"deliver": false}` the events are lost on their way.
 * - `POST /test/users [{"id": "user_ada", …}, …]` adds existing users, without events.
 * - `POST /test/events/<id>/resend` delivers an event again, as the same message.
 * - `POST /test/faults {"next": […]}` makes the next calls fail, and `{"always": …}` all others.
 * - `POST /test/limit {"requests": 100}` allows this many calls in 10 seconds, or in `per_ms`; `{}` allows any number.
 * - `POST /test/webhooks {"set_up": false}` makes it an instance whose webhooks were never set up.
 * - `GET /test/requests` lists the calls received, `GET /test/users` the users, and `GET /test/events` the events.
 * - With `?brief` each returns only the members of a user that matter, and one line for each event.
 */
export async function control(services: Services, request: Request): Promise<Answer> {
  return briefly(request, await handle(services, request))
}

async function handle(services: Services, request: Request): Promise<Answer> {
  const [, , kind = '', id = '', action = ''] = request.path.split('/')
  if (request.method === 'GET') return look(services, kind, request)
  const given = parsed(request.body)
  if (kind === 'faults') {
    services.faults.set(given)
    return json({})
  }
  if (kind === 'limit') {
    const { requests, per_ms } = readBody(limitBody, given)
    services.limit.set(requests === undefined ? undefined : { requests, per_ms })
    return json({})
  }
  if (kind === 'webhooks') {
    services.instance.hasWebhooks = readBody(webhooksBody, given).set_up
    return json({})
  }
  if (kind === 'events' && action === 'resend') {
    const message = services.instance.state.messages.get(id)
    if (!message) throw noEvent(id)
    return json(await deliver([message], services.endpoint))
  }
  if (kind === 'users' && id === '')
    return json(services.recorded(() => seedUsers(services.instance, given)).result)
  const act = kind === 'users' && Object.hasOwn(actions, action) ? actions[action] : undefined
  if (!act) throw noRoute(request.method, request.path)
  const { deliver: isDelivered = true, ...body } = readBody(actionBody, given)
  const { result, messages } = services.recorded(() => act(services.instance, decodeURIComponent(id), body))
  const deliveries = await deliver(messages, isDelivered ? services.endpoint : undefined)
  return json({ user: result, events: messages, deliveries })
}

function look({ requests, instance }: Services, kind: string, request: Request): Answer {
  const [, , , id = ''] = request.path.split('/')
  if (kind === 'requests') return json(requests)
  if (kind === 'users') return json(id ? findUser(instance, id) : [...instance.state.users.values()])
  if (kind === 'events') return json([...instance.state.messages.values()])
  throw noRoute(request.method, request.path)
}

/** Clerk chooses ids itself, so no two users have the same one. */
function freeId({ state }: Instance, id: string): string {
  if (!state.users.has(id)) return id
  throw unprocessable('form_identifier_exists', 'id', `There is a user ${id} already. Choose another id.`)
}

const noEvent = (id: string) =>
  new ApiError(404, {
    message: 'not found',
    long_message: `No event was found with id ${id}.`,
    code: 'resource_not_found',
  })
