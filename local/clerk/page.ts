import { html } from 'hono/html'
import { type Content, field, moment, required, table } from '../../src/ops/page/html.ts'
import type { Answer, Request } from '../http-messages.ts'
import { backSaying, buttons, saidOf, webPage } from '../web-page.ts'
import { control } from './control.ts'
import type { Attempt } from './deliveries.ts'
import { ApiError } from './errors.ts'
import type { Services } from './services.ts'
import type { State } from './state.ts'

/**
 * The number of users and events that the page shows, the newest first. `GET /test/users` and `/test/events` return
 * all.
 */
const SHOWN = 20

/**
 * Stands in for Clerk's Dashboard: `/` shows the users and the webhooks about them, with a button for each action. A
 * button posts to `/do/…`, which does the same as `/test/…`.
 */
export async function page(services: Services, request: Request): Promise<Answer> {
  if (request.method === 'POST') return backSaying(await act(services, request))
  return await webPage('Local Clerk', {
    title: 'Users',
    content: content(services),
    said: new URLSearchParams(request.query).get('said'),
  })
}

async function act(services: Services, request: Request): Promise<string> {
  const [, , kind, id = '', action = ''] = request.path.split('/')
  const given = new URLSearchParams(request.body)
  const isNew = kind === 'users' && id === 'new'
  const user = encodeURIComponent(given.get('id') ?? '')
  const path = isNew ? `/test/users/${user}/create` : `/test/${kind}/${id}/${action}`
  const email = given.get('email')
  const body = isNew ? JSON.stringify({ email_address: email ? [email] : [] }) : '{}'
  try {
    const done = JSON.parse((await control(services, { ...request, path, body })).body)
    const attempts: Attempt[] = Array.isArray(done) ? done : done.deliveries
    return saidOf(action, attempts)
  } catch (error) {
    if (error instanceof ApiError) return `${action}: refused. ${error.message}`
    throw error
  }
}

/** Returns the people in the documents who are not users here yet. */
const suggested = ({ users }: State) =>
  ['user_ada', 'user_grace', 'user_alan'].find((id) => !users.has(id)) ?? ''

const addressOf = (id: string) => id && `${id.replace('user_', '')}@example.com`

function content({ instance: { state } }: Services): Content {
  const newest = <T>(objects: Map<string, T>) => [...objects.values()].reverse().slice(0, SHOWN)
  return [
    html`<form method="post" action="/do/users/new/create">${field('User id', 'id', suggested(state), required)}${field('Email address', 'email', addressOf(suggested(state)), html`type="email"`)}<button>Sign up</button></form>`,
    table(
      'Users',
      ['User', 'Email address', 'State', 'What can happen'],
      newest(state.users).map(({ id, email_addresses, banned }) => [
        id,
        email_addresses.map(({ email_address }) => email_address).join(', '),
        banned ? 'banned' : 'may sign in',
        buttons('users', id, {
          ...(banned ? { unban: 'Lift the ban' } : { ban: 'Ban' }),
          update: 'Report a change',
          delete: 'Delete',
        }),
      ]),
    ),
    table(
      'Events',
      ['Message', 'Type', 'User', 'Created (UTC)', 'What can happen'],
      newest(state.messages).map(({ id, event }) => [
        id,
        event.type,
        event.data.id,
        moment(event.timestamp),
        buttons('events', id, { resend: 'Send again' }),
      ]),
    ),
  ]
}
