import { unprocessable } from './errors.ts'
import type { Instance } from './instance.ts'
import type { State, User } from './state.ts'

const DEFAULT_LIMIT = 10
const MAX_LIMIT = 500
/** The most ids, addresses or names in one query. */
const MAX_VALUES = 100

type Filter = (user: User, values: string[]) => boolean

const addresses = (user: User) => user.email_addresses.map(({ email_address }) => email_address.toLowerCase())
const names = (user: User) => [user.first_name, user.last_name, `${user.first_name} ${user.last_name}`]
const has = (texts: (string | null)[], [part = '']: string[]) =>
  texts.some((text) => text?.toLowerCase().includes(part.toLowerCase()))
const at = (values: string[]) => Number(values[0])

/** Whether an id is included: ids with a `-` are excluded, those with a `+` or no sign are looked for. */
function included(id: string | null, values: string[]): boolean {
  const plain = values.filter((value) => !value.startsWith('-')).map((value) => value.replace(/^\+/, ''))
  if (values.includes(`-${id}`)) return false
  return plain.length === 0 || (id !== null && plain.includes(id))
}

/** Clerk's filters (Backend API, version 2026-05-12, GET /users), except those on members that this stand-in lacks. */
const filters: Record<string, Filter> = {
  user_id: ({ id }, values) => included(id, values),
  external_id: ({ external_id }, values) => included(external_id, values),
  email_address: (user, values) =>
    addresses(user).some((address) => values.some((value) => value.toLowerCase() === address)),
  username: ({ username }, values) => username !== null && values.includes(username),
  query: (user, values) => has([...addresses(user), ...names(user), user.username, user.id], values),
  email_address_query: (user, values) => has(addresses(user), values),
  username_query: ({ username }, values) => has([username], values),
  name_query: (user, values) => has(names(user), values),
  banned: ({ banned }, [value]) => String(banned) === value,
  created_at_before: ({ created_at }, values) => created_at < at(values),
  created_at_after: ({ created_at }, values) => created_at > at(values),
  last_sign_in_at_before: ({ last_sign_in_at }, values) => (last_sign_in_at ?? Infinity) < at(values),
  last_sign_in_at_after: ({ last_sign_in_at }, values) => (last_sign_in_at ?? 0) > at(values),
  last_active_at_before: ({ last_active_at }, values) => (last_active_at ?? Infinity) < at(values),
  last_active_at_after: ({ last_active_at }, values) => (last_active_at ?? 0) > at(values),
}

const orders: Record<string, (user: User) => number | string> = {
  created_at: ({ created_at }) => created_at,
  updated_at: ({ updated_at }) => updated_at,
  last_sign_in_at: ({ last_sign_in_at }) => last_sign_in_at ?? 0,
  last_active_at: ({ last_active_at }) => last_active_at ?? 0,
  email_address: (user) => addresses(user)[0] ?? '',
  first_name: ({ first_name }) => first_name ?? '',
  last_name: ({ last_name }) => last_name ?? '',
  username: ({ username }) => username ?? '',
}

/** Returns a page of users: by default 10, the newest first. @throws ApiError 422 */
export function listUsers(instance: Instance, query: URLSearchParams): User[] {
  const limit = whole(query, 'limit', DEFAULT_LIMIT, 1, MAX_LIMIT)
  const offset = whole(query, 'offset', 0, 0, Number.MAX_SAFE_INTEGER)
  const ordered = inOrder(matching(instance, query, PAGING), query.get('order_by') || '-created_at')
  const cursor = query.get('starting_after')
  if (cursor === null) return ordered.slice(offset, offset + limit)
  if (offset > 0) throw invalid('starting_after', 'It cannot be combined with offset.')
  if (!/^[+-]?created_at$/.test(query.get('order_by') || '-created_at'))
    throw invalid('starting_after', 'It requires ordering by created_at.')
  const position = ordered.findIndex(({ id }) => id === cursor)
  if (position === -1) throw invalid('starting_after', 'There is no such user in this list.')
  return ordered.slice(position + 1, position + 1 + limit)
}

export const countUsers = (instance: Instance, query: URLSearchParams) => ({
  object: 'total_count',
  total_count: matching(instance, query, []).length,
})

const PAGING = ['limit', 'offset', 'order_by', 'starting_after']

function matching({ state }: Instance, query: URLSearchParams, others: string[]): User[] {
  const wanted = [...new Set(query.keys())].filter((name) => !others.includes(name))
  const active = wanted.map((name) => {
    const filter = Object.hasOwn(filters, name) ? filters[name] : undefined
    if (!filter)
      throw unprocessable('form_param_unknown', name, `${name} is not a parameter that this stand-in knows.`)
    const values = query.getAll(name)
    if (values.length > MAX_VALUES) throw invalid(name, `It takes up to ${MAX_VALUES} values.`)
    if (/_(before|after)$/.test(name)) whole(query, name, 0, 0, Number.MAX_SAFE_INTEGER)
    return (user: User) => filter(user, values)
  })
  return candidates(state, query).filter((user) => active.every((holds) => holds(user)))
}

/** Returns the users with the ids that are looked for, else all. A lookup by id does not read the others. */
function candidates({ users }: State, query: URLSearchParams): User[] {
  const ids = query.getAll('user_id').filter((value) => !value.startsWith('-'))
  if (ids.length === 0) return [...users.values()]
  const wanted = new Set(ids.map((value) => value.replace(/^\+/, '')))
  return [...wanted].flatMap((id) => users.get(id) ?? [])
}

function inOrder(users: User[], order: string): User[] {
  const name = order.replace(/^[+-]/, '')
  const key = Object.hasOwn(orders, name) ? orders[name] : undefined
  if (!key) throw invalid('order_by', `There is no order by ${name}.`)
  const sign = order.startsWith('-') ? -1 : 1
  return users.sort((a, b) => {
    const [left, right] = [key(a), key(b)]
    if (left === right) return a.id < b.id ? -sign : sign
    return left < right ? -sign : sign
  })
}

function whole(query: URLSearchParams, name: string, usual: number, min: number, max: number): number {
  const given = query.get(name)
  if (given === null) return usual
  const value = /^\d{1,16}$/.test(given) ? Number(given) : Number.NaN
  if (value >= min && value <= max) return value
  throw invalid(name, `It must be an integer from ${min} to ${max}.`)
}

const invalid = (name: string, message: string) => unprocessable('form_param_value_invalid', name, message)
