import * as z from 'zod'
import { clerkEvent } from '../events.ts'
import { randomId } from '../ids.ts'
import { addressOf, assertFree } from './addresses.ts'
import { noUser, unprocessable } from './errors.ts'
import type { Instance } from './instance.ts'
import type { User } from './state.ts'

const text = z.string().max(256).nullish()
const metadata = z.record(z.string(), z.unknown()).optional()
/** RFC 3339. */
const moment = z.iso.datetime({ offset: true }).nullish()

const common = {
  external_id: text,
  first_name: text,
  last_name: text,
  username: text,
  created_at: moment,
  public_metadata: metadata,
  private_metadata: metadata,
  unsafe_metadata: metadata,
  password: text,
  skip_password_checks: z.boolean().nullish(),
}
const createParams = z.strictObject({
  ...common,
  email_address: z.array(z.email()).default([]),
  email_address_identification_status: z.array(z.enum(['verified', 'reserved'])).optional(),
  skip_password_requirement: z.boolean().nullish(),
})
const updateParams = z.strictObject({ ...common, primary_email_address_id: z.string().nullish() })

/** Creates a user, as Clerk's API does: addresses are verified unless they are reserved. @throws ApiError */
export function createUser(instance: Instance, body: unknown, id = randomId('user')): User {
  const params = readBody(createParams, body)
  for (const address of params.email_address) assertFree(instance, address)
  assertUnique(instance, params)
  const user = addUser(instance, params, id)
  instance.emit('user.created', user)
  return user
}

/** Adds existing users: without events, and without checking that they share no address or name. */
export function seedUsers(instance: Instance, bodies: unknown): { created: number } {
  const list = readBody(z.array(z.looseObject({ id: z.string().min(1) })), bodies)
  for (const { id, ...body } of list) addUser(instance, readBody(createParams, body), id)
  return { created: list.length }
}

function addUser(instance: Instance, params: z.output<typeof createParams>, id: string): User {
  const { email_address, email_address_identification_status: statuses = [] } = params
  const now = instance.now()
  const addresses = email_address.map((address, index) =>
    addressOf(address, statuses[index] !== 'reserved', now),
  )
  const made = params.created_at ? Date.parse(params.created_at) : now
  const user = Object.assign(emptyUser(id), membersOf(params), {
    email_addresses: addresses,
    primary_email_address_id: addresses[0]?.id ?? null,
    created_at: made,
    updated_at: now,
  })
  instance.state.users.set(id, user)
  return user
}

/** Returns the fixture's user without personal data. */
function emptyUser(id: string): User {
  const { data } = clerkEvent('user.created', { user: id, email: null })
  return Object.assign(data, {
    id,
    object: 'user' as const,
    external_id: null,
    username: null,
    first_name: null,
    last_name: null,
    last_sign_in_at: null,
    last_active_at: null,
    password_enabled: false,
  }) as unknown as User
}

export function findUser({ state }: Instance, id: string): User {
  const user = state.users.get(id)
  if (!user) throw noUser(id)
  return user
}

export function updateUser(instance: Instance, id: string, body: unknown): User {
  const user = findUser(instance, id)
  const params = readBody(updateParams, body)
  assertUnique(instance, params, id)
  const primary = params.primary_email_address_id
  const known = user.email_addresses.find((address) => address.id === primary)
  if (primary && known?.verification?.status !== 'verified')
    throw unprocessable('form_param_value_invalid', 'primary_email_address_id', 'It must be verified.')
  const made = params.created_at ? { created_at: Date.parse(params.created_at) } : {}
  return change(instance, user, {
    ...membersOf(params),
    ...made,
    ...(primary && { primary_email_address_id: primary }),
  })
}

/** Changes a user and emits the event. Two changes never have the same `updated_at` here. */
export function change(instance: Instance, user: User, members: Partial<User>): User {
  Object.assign(user, members, { updated_at: Math.max(instance.now(), user.updated_at + 1) })
  instance.emit('user.updated', user)
  return user
}

export const setBanned = (instance: Instance, id: string, banned: boolean): User =>
  change(instance, findUser(instance, id), { banned })

export function deleteUser(instance: Instance, id: string): object {
  const { external_id } = findUser(instance, id)
  instance.state.users.delete(id)
  const deleted = { object: 'user', id, deleted: true, ...(external_id && { external_id }) }
  instance.emit('user.deleted', deleted)
  return deleted
}

type Params = z.output<typeof updateParams> | z.output<typeof createParams>

function membersOf(params: Params): Partial<User> {
  const named = ['external_id', 'first_name', 'last_name'] as const
  const kinds = ['public_metadata', 'private_metadata', 'unsafe_metadata'] as const
  const given = [...named, ...kinds].filter((name) => params[name] !== undefined)
  const members: Partial<User> = Object.fromEntries(given.map((name) => [name, params[name]]))
  // Clerk: null or a blank text removes it.
  if (params.username !== undefined) members.username = params.username || null
  return members
}

function assertUnique({ state }: Instance, params: Params, self?: string): void {
  for (const name of ['username', 'external_id'] as const) {
    const value = params[name]
    const isTaken = [...state.users.values()].some((user) => user.id !== self && user[name] === value)
    if (value && isTaken)
      throw unprocessable('form_identifier_exists', name, `That ${name} is taken. Please try another.`)
  }
}

/** @throws ApiError 422 that names the parameter */
export function readBody<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const result = schema.safeParse(body)
  if (result.success) return result.data
  const [issue] = result.error.issues
  if (issue?.code === 'unrecognized_keys') {
    const [name = ''] = issue.keys
    throw unprocessable('form_param_unknown', name, `${name} is not a valid parameter for this request.`)
  }
  const name = String(issue?.path[0] ?? '')
  throw unprocessable('form_param_value_invalid', name, `${name} is invalid: ${issue?.message}`)
}
