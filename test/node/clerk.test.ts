import { rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type ClerkClient, createClerkClient, verifyToken } from '@clerk/backend'
import { Webhook } from 'svix'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { type LocalClerk, startClerk } from '../../local/clerk/server.ts'
import { makeScratchDir } from '../../local/scratch.ts'
import { generateKeyPair, sessionClaims, signSessionToken } from '../../local/session-token.ts'

const KEY = 'sk_test_0123456789abcdef'
const WEBHOOK_SECRET = `whsec_${Buffer.from('a secret of 24 bytes, no more').toString('base64')}`

interface Delivered {
  id: string
  type: string
  instance_id: string
  data: { id: string; banned?: boolean; updated_at?: number }
}
/** Returns the messages that an endpoint received with a valid signature. */
const delivered: Delivered[] = []
const endpoint = createServer(async (request, response) => {
  const body = await text(request)
  const headers = request.headers as Record<string, string>
  new Webhook(WEBHOOK_SECRET).verify(body, headers)
  delivered.push({ id: headers['svix-id'], ...JSON.parse(body) })
  response.end('{"outcome":"applied"}')
})
const keys = await generateKeyPair()

let local: LocalClerk
let clerk: ClerkClient

beforeAll(async () => {
  await new Promise<void>((resolve) => endpoint.listen(0, '127.0.0.1', resolve))
  local = await startLocal()
  clerk = client(local)
})
afterAll(async () => {
  await local.stop()
  endpoint.close()
})

const startLocal = (options: { file?: string } = {}) =>
  startClerk({
    port: 0,
    secretKey: KEY,
    instanceId: 'ins_test',
    publicKey: keys.publicKey,
    webhookUrl: `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}`,
    webhookSecret: WEBHOOK_SECRET,
    ...options,
  })
const client = ({ url }: LocalClerk, secretKey = KEY) => createClerkClient({ secretKey, apiUrl: url })

async function act(path: string, body: unknown = {}) {
  const response = await fetch(`${local.url}/test/${path}`, { method: 'POST', body: JSON.stringify(body) })
  if (!response.ok) throw new Error(await response.text())
  return await response.json()
}
/** Returns the response to a call that the SDK would not make. */
async function raw(path: string, { key = KEY, method = 'GET', body = '' } = {}) {
  const headers = { Authorization: `Bearer ${key}` }
  const response = await fetch(local.url + path, { method, headers, ...(body && { body }) })
  return { status: response.status, headers: response.headers, body: await response.json() }
}
/** Starts a local Clerk for one test with only these users, and without events. */
async function alone(users: object[]) {
  const own = await startLocal()
  onTestFinished(() => own.stop())
  await fetch(`${own.url}/test/users`, { method: 'POST', body: JSON.stringify(users) })
  return { own, users: client(own).users }
}
const numbered = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    id: `user_${String(index).padStart(4, '0')}`,
    created_at: new Date(1_700_000_000_000 + index * 1000).toISOString(),
  }))

describe('users', () => {
  it('are created, read, changed, banned and deleted, and each change is reported once', async () => {
    const before = delivered.length
    const made = await clerk.users.createUser({ emailAddress: ['ada@example.com'], firstName: 'Ada' })
    expect(made.primaryEmailAddress).toMatchObject({ emailAddress: 'ada@example.com' })
    expect(made.primaryEmailAddress?.verification?.status).toBe('verified')
    expect(await clerk.users.getUser(made.id)).toMatchObject({ id: made.id, firstName: 'Ada', banned: false })
    const changed = await clerk.users.updateUser(made.id, { lastName: 'Lovelace' })
    expect(changed.updatedAt).toBeGreaterThan(made.updatedAt)
    expect((await clerk.users.banUser(made.id)).banned).toBe(true)
    expect((await clerk.users.unbanUser(made.id)).banned).toBe(false)
    const other = await clerk.emailAddresses.createEmailAddress({
      userId: made.id,
      emailAddress: 'ada@other.example',
      verified: true,
      primary: true,
    })
    expect((await clerk.users.getUser(made.id)).primaryEmailAddressId).toBe(other.id)
    expect(await clerk.users.deleteUser(made.id)).toMatchObject({ id: made.id, deleted: true })
    await expect.poll(() => delivered.length).toBe(before + 6)
    const told = delivered.slice(before)
    expect(told.map(({ type }) => type)).toEqual([
      'user.created',
      'user.updated',
      'user.updated',
      'user.updated',
      'user.updated',
      'user.deleted',
    ])
    expect(told.map(({ data }) => data.banned)).toEqual([false, false, true, false, false, undefined])
    expect(new Set(told.map(({ id }) => id)).size).toBe(6)
    expect(told.every(({ instance_id, data }) => instance_id === 'ins_test' && data.id === made.id)).toBe(
      true,
    )
    const moments = told.slice(0, 5).map(({ data }) => data.updated_at)
    expect(moments).toEqual([...new Set(moments)].sort())
  })

  it('are refused with an address, a user name or an id of your own that somebody has', async () => {
    await clerk.users.createUser({ emailAddress: ['bob@example.com'], username: 'bob', externalId: 'b' })
    for (const params of [{ emailAddress: ['Bob@Example.com'] }, { username: 'bob' }, { externalId: 'b' }]) {
      await expect(clerk.users.createUser(params)).rejects.toMatchObject({
        status: 422,
        errors: [{ code: 'form_identifier_exists' }],
      })
    }
  })

  it('that nobody knows are 404 in the form of Clerk, whatever is asked of them', async () => {
    for (const call of [
      () => clerk.users.getUser('user_gone'),
      () => clerk.users.updateUser('user_gone', { firstName: 'G' }),
      () => clerk.users.deleteUser('user_gone'),
      () => clerk.users.banUser('user_gone'),
    ])
      await expect(call()).rejects.toMatchObject({ status: 404, errors: [{ code: 'resource_not_found' }] })
    expect((await raw('/v1/users/user_gone')).body).toEqual({
      errors: [
        {
          message: 'not found',
          long_message: 'No user was found with id user_gone.',
          code: 'resource_not_found',
        },
      ],
      clerk_trace_id: expect.any(String),
    })
  })

  it('can have an id that a test chooses, and events that get lost', async () => {
    const before = delivered.length
    const { user, events, deliveries } = await act('users/user_chosen/create', { deliver: false })
    expect([user.id, events.length, deliveries]).toEqual(['user_chosen', 1, []])
    expect(delivered.length).toBe(before)
    expect(await act(`events/${events[0].id}/resend`)).toMatchObject([{ status: 200 }])
    expect(delivered.at(-1)).toMatchObject({ id: events[0].id, type: 'user.created' })
  })

  it('has no second user of an id that is taken, until the first one is deleted', async () => {
    const create = (email: string) =>
      act('users/user_twice/create', { email_address: [email], deliver: false })
    expect(await create('twice@example.com')).toMatchObject({ user: { id: 'user_twice' } })
    await expect(create('other@example.com')).rejects.toThrow('form_identifier_exists')
    await act('users/user_twice/delete', { deliver: false })
    expect(await create('other@example.com')).toMatchObject({ user: { id: 'user_twice' } })
  })
})

describe('the list of users', () => {
  it('has 10 of them, the newest first, unless it is asked for more: 500 at most', async () => {
    const { own, users } = await alone(numbered(600))
    const page = await users.getUserList()
    expect(page.data.map(({ id }) => id)).toEqual(
      numbered(600)
        .slice(-10)
        .reverse()
        .map(({ id }) => id),
    )
    expect(page.totalCount).toBe(600)
    expect((await users.getUserList({ limit: 500 })).data).toHaveLength(500)
    await expect(users.getUserList({ limit: 501 })).rejects.toMatchObject({ status: 422 })
    expect((await raw('/v1/users?limit=0')).status).toBe(422)
    const calls = (await (await fetch(`${own.url}/test/requests`)).json()) as { path: string }[]
    expect(calls.filter(({ path }) => path === '/v1/users')).toHaveLength(3)
  })

  it('takes windows of created_at, both ends left out, and both directions', async () => {
    const { users } = await alone(numbered(5))
    const found = await users.getUserList({
      createdAtAfter: 1_700_000_001_000,
      createdAtBefore: 1_700_000_004_000,
      orderBy: '+created_at',
    })
    expect(found.data.map(({ id }) => id)).toEqual(['user_0002', 'user_0003'])
  })

  it('takes up to 100 ids, and leaves out those it does not know, in a page of 10 as well', async () => {
    const { users } = await alone(numbered(120))
    const ids = numbered(120).map(({ id }) => id)
    const asked = [...ids.slice(0, 90), 'user_gone']
    expect((await users.getUserList({ userId: asked, limit: 100 })).data).toHaveLength(90)
    expect((await users.getUserList({ userId: asked })).data).toHaveLength(10)
    await expect(users.getUserList({ userId: ids })).rejects.toMatchObject({ status: 422 })
    const without = await users.getUserList({ userId: ['-user_0000'], limit: 500 })
    expect(without.data).toHaveLength(119)
  })

  it('goes on after a user, in the order of created_at alone', async () => {
    const { own } = await alone(numbered(25))
    const get = async (query: string) => {
      const response = await fetch(`${own.url}/v1/users?${query}`, {
        headers: { Authorization: `Bearer ${KEY}` },
      })
      return { status: response.status, body: (await response.json()) as { id: string }[] }
    }
    const { body } = await get('limit=10&starting_after=user_0010')
    expect([body.length, body[0]?.id]).toEqual([10, 'user_0009'])
    expect((await get('starting_after=user_0010&order_by=username')).status).toBe(422)
    expect((await get('starting_after=user_0010&offset=1')).status).toBe(422)
  })

  it('finds by address, user name, a part of a name, and whether they are banned', async () => {
    const { users } = await alone([
      { id: 'user_ada', email_address: ['ada@example.com'], first_name: 'Ada', username: 'ada' },
      { id: 'user_bob', email_address: ['bob@example.com'], external_id: 'b' },
    ])
    await users.banUser('user_bob')
    const found = async (params: Parameters<typeof users.getUserList>[0]) =>
      (await users.getUserList(params)).data.map(({ id }) => id)
    expect(await found({ emailAddress: ['ADA@example.com'] })).toEqual(['user_ada'])
    expect(await found({ username: ['ada'] })).toEqual(['user_ada'])
    expect(await found({ externalId: ['b'] })).toEqual(['user_bob'])
    expect(await found({ query: 'BOB@' })).toEqual(['user_bob'])
    expect(await users.getCount({ query: 'example.com' })).toBe(2)
  })

  it('refuses a filter that it would not apply', async () => {
    const { status, body } = await raw('/v1/users?organization_id=org_1')
    expect([status, body.errors[0].code]).toEqual([422, 'form_param_unknown'])
  })
})

describe('the instance', () => {
  it('has an id, and keys that verify what `npm run token` signs', async () => {
    expect(await clerk.instance.get()).toMatchObject({ id: 'ins_test', environmentType: 'development' })
    const token = await signSessionToken(keys.privateKey, sessionClaims({ user: 'user_ada' }))
    const verified = await verifyToken(token, { secretKey: KEY, apiUrl: local.url, skipJwksCache: true })
    expect(verified.sub).toBe('user_ada')
    const forged = await signSessionToken(
      (await generateKeyPair()).privateKey,
      sessionClaims({ user: 'user_ada' }),
    )
    await expect(verifyToken(forged, { secretKey: KEY, apiUrl: local.url })).rejects.toThrow()
  })

  it('refuses another key, and a call without any', async () => {
    await expect(client(local, 'sk_test_wrong').users.getCount()).rejects.toMatchObject({
      status: 401,
      errors: [{ code: 'clerk_key_invalid' }],
    })
    const { status, body } = await raw('/v1/users', { key: '' })
    expect([status, body.errors[0].code]).toEqual([401, 'authorization_header_format_invalid'])
  })

  it('has a page where a person looks at the endpoints', async () => {
    const { status, body } = await raw('/v1/webhooks/svix_url', { method: 'POST' })
    expect([status, body.svix_url]).toEqual([200, expect.stringContaining('https://app.svix.com/')])
  })
})

describe('limits and trouble', () => {
  it('says 429 and how long to wait, then lets calls pass again', async () => {
    await act('limit', { requests: 2, per_ms: 60_000 })
    const statuses = [await raw('/v1/users'), await raw('/v1/users'), await raw('/v1/users')]
    expect(statuses.map(({ status }) => status)).toEqual([200, 200, 429])
    expect(Number(statuses[2]?.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await raw('/v1/jwks')).status).toBe(200)
    await act('limit')
    expect((await raw('/v1/users')).status).toBe(200)
  })

  it('fails in each way that a test can ask for', async () => {
    await act('faults', { next: ['server_error', 'rate_limit', 'drop'] })
    expect((await raw('/v1/users')).status).toBe(500)
    expect((await raw('/v1/users')).status).toBe(429)
    await expect(raw('/v1/users')).rejects.toThrow()
    await expect(act('faults', { next: ['earthquake'] })).rejects.toThrow('rate_limit, server_error')
  })

  it('keeps its users between runs', async () => {
    const dir = makeScratchDir('clerk')
    onTestFinished(() => rmSync(dir, { recursive: true }))
    const file = join(dir, 'clerk.json')
    const first = await startLocal({ file })
    const { id } = await client(first).users.createUser({ emailAddress: ['kept@example.com'] })
    await first.stop()
    const second = await startLocal({ file })
    onTestFinished(() => second.stop())
    expect((await client(second).users.getUser(id)).primaryEmailAddress?.emailAddress).toBe(
      'kept@example.com',
    )
  })
})
