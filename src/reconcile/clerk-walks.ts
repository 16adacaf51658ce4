import { clerk } from '../clerk/index.ts'
import { call } from '../db.ts'
import { ProviderTrouble } from '../provider-trouble.ts'
import type { Settings } from '../settings.ts'
import { member } from '../values.ts'
import { decide } from '../webhook/decide.ts'
import { compare } from './compare.ts'
import type { Item } from './item.ts'
import { askClerk, type Pass, type Step, type Walk } from './pass.ts'
import { forget, watchFound } from './watch.ts'
import type { Difference } from './words.ts'

const PAGE = 500
/** Clerk accepts at most this many ids in one request. */
const MOST_IDS = 100

/**
 * Whether the key is of the instance whose users are here. Null if no setting says which instance that is: then no user
 * counts as deleted. @throws ProviderTrouble
 */
export async function isOurInstance(pass: Pass): Promise<boolean | null> {
  const { CLERK_INSTANCE_ID } = pass.settings
  if (!CLERK_INSTANCE_ID) return null
  return member(await askClerk(pass, '/v1/instance'), 'id') === CLERK_INSTANCE_ID
}

/**
 * Whether users who are here are looked for at Clerk. The local Clerk does not know the users that `npm run send`
 * invents, so with it nobody is looked for, unless CLERK_INSTANCE_ID is set.
 */
export const isMissedAtClerk = ({ CLERK_API_BASE, CLERK_INSTANCE_ID }: Settings): boolean =>
  !CLERK_API_BASE || Boolean(CLERK_INSTANCE_ID)

/**
 * Goes through all users at Clerk, by windows of `created_at`, because offsets shift when a user is deleted. With a
 * window of time, goes through the users who changed in it, the latest first.
 */
export const usersWalk: Walk = {
  name: 'users',
  provider: 'clerk',
  async step(pass, { after = 0, offset = 0 }): Promise<Step> {
    const order = pass.since
      ? { order_by: '-updated_at' }
      : { order_by: '+created_at', created_at_after: String(after) }
    const most = pass.page ?? PAGE
    const asked = new URLSearchParams({ limit: String(most), offset: String(offset), ...order })
    const users = await readUsers(pass, asked)
    const oldest = pass.since?.getTime() ?? 0
    const inWindow = users.filter((user) => Number(member(user, 'updated_at')) >= oldest)
    const found = await compareUsers(pass, inWindow)
    const isLast = users.length < most || inWindow.length < users.length
    return {
      found,
      looked: inWindow.length,
      next: isLast ? null : nextOf(pass, users, Number(after), Number(offset)),
    }
  },
}

/**
 * Returns where the next page begins: just before the last user's `created_at`, whether or not Clerk's bound is
 * inclusive. If that does not advance, as among users of one moment, an offset does.
 */
function nextOf({ since }: Pass, users: unknown[], after: number, offset: number) {
  const last = Number(member(users.at(-1), 'created_at')) - 1
  return since || !(last > after) ? { after, offset: offset + users.length } : { after: last, offset: 0 }
}

async function readUsers(pass: Pass, asked: URLSearchParams): Promise<unknown[]> {
  const users = await askClerk(pass, `/v1/users?${asked}`)
  if (!Array.isArray(users)) throw new ProviderTrouble('unavailable', 'no list')
  return users
}

/** Compares users with what is here, as their events would report them. */
export async function compareUsers(pass: Pass, users: unknown[]): Promise<Difference[]> {
  return await compare(
    pass,
    users.map((user) => itemOf(pass, 'user.updated', user, String(member(user, 'updated_at')))),
  )
}

function itemOf(pass: Pass, type: string, data: unknown, state: string): Item {
  const { settings, id } = pass
  const object = String(member(data, 'id'))
  const event = {
    object: 'event',
    type,
    data,
    instance_id: settings.CLERK_INSTANCE_ID,
    timestamp: Date.now(),
  }
  const decision = decide(clerk, { type, event }, settings)
  const eventId = `reconcile:${id}:${object}:${state}`
  return { provider: 'clerk', object, eventId, event, decision, isOurs: true }
}

/**
 * Goes through all users here, and asks Clerk for them by their ids. Absence is only a suspicion. A user counts as
 * deleted only if a request for that user alone returns 404, twice, an hour apart, and if the right instance has
 * returned another user of the same page.
 */
export const absentWalk: Walk = {
  name: 'users here',
  provider: 'clerk',
  async step(pass, { after = '', todo = null }): Promise<Step> {
    if (Array.isArray(todo) && todo.length > 0) {
      const [id = '', ...rest] = todo
      const next = rest.length > 0 || after !== null ? { after, todo: rest } : null
      return { found: await suspect(pass, id), looked: 0, next }
    }
    const facts = { after: String(after), most: MOST_IDS }
    const { ids, after: last } = await call<{ ids: string[]; after: string | null }>(pass.db, 'our_users', [
      facts,
    ])
    const asked = new URLSearchParams({ limit: String(MOST_IDS) })
    for (const id of ids) asked.append('user_id', id)
    const there = ids.length > 0 ? await readUsers(pass, asked) : []
    const present = new Set(there.map((user) => String(member(user, 'id'))))
    const absent = ids.some((id) => present.has(id)) ? ids.filter((id) => !present.has(id)) : []
    await forget(pass, 'clerk', [...present])
    const isEnd = last === null && absent.length === 0
    return { found: [], looked: ids.length, next: isEnd ? null : { after: last, todo: absent } }
  },
}

/** Asks Clerk for one user only. */
export async function suspect(pass: Pass, id: string): Promise<Difference[]> {
  try {
    const user = await askClerk(pass, `/v1/users/${encodeURIComponent(id)}`)
    return member(user, 'id') === id ? await compareUsers(pass, [user]) : []
  } catch (error) {
    if (!(error instanceof ProviderTrouble && error.kind === 'missing')) throw error
    const kind = 'user_deleted' as const
    const found = { provider: 'clerk' as const, object: id, kind, user_id: id, credits: null, reason: null }
    return await watchFound(pass, [{ ...found, amount: null, currency: null }])
  }
}

/** Closes a user whom Clerk no longer has, as its webhook would. @throws DatabaseUnavailable */
export async function closeUser(pass: Pass, id: string): Promise<Difference[]> {
  const item = itemOf(pass, 'user.deleted', { object: 'user', id, deleted: true }, 'deleted')
  return await compare({ ...pass, watches: false, fixes: true }, [item])
}

/** Returns the settings with which everybody who is created gets the signup bonus, whenever they signed up. */
export const withBonusForAll = (settings: Settings): Settings => ({
  ...settings,
  SIGNUP_BONUS_SINCE: '1970-01-01T00:00:00Z',
})
