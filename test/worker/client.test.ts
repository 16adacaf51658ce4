import { createClient } from 'ledgerhook/client'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { randomId } from '../../local/events.ts'
import { accountSettings, tokenFor } from './account-support.ts'
import { signedUp } from './people.ts'
import { request } from './support.ts'

type Token = NonNullable<Parameters<typeof createClient>[0]['token']>

/** Makes a client of the Worker under test. */
const clientOf = (token?: Token) =>
  createClient({
    url: 'https://ledgerhook.example.com/',
    ...(token !== undefined && { token }),
    fetch: async (sent) => {
      const { pathname, search } = new URL(sent.url)
      const { method, headers } = sent
      const init = method === 'GET' ? {} : { body: await sent.text() }
      return await request(`${pathname}${search}`, { method, headers, ...init }, accountSettings)
    },
  })

const backend = clientOf(accountSettings.SERVICE_TOKEN)

describe('ledgerhook/client', () => {
  it('asks for the token before each call, and types what comes back', async () => {
    const id = await signedUp()
    let asked = 0
    const client = clientOf(async () => {
      asked++
      return await tokenFor(id)
    })
    const { data } = await client.GET('/api/me')
    expectTypeOf<NonNullable<typeof data>['balance']>().toEqualTypeOf<number>()
    expect(data).toMatchObject({ id, subscription: null })
    const page = await client.GET('/api/wallet', { params: { query: { limit: 1 } } })
    expect(page.data).toMatchObject({ balance: data?.balance })
    expect(asked).toBe(2)
  })

  it('has a refusal as an error, whose name the types know', async () => {
    const id = await signedUp()
    const body = { user_id: id, amount: 10 ** 6, idempotency_key: randomId('key') }
    const { data, error, response } = await backend.POST('/api/wallet/spend', { body })
    expect([data, response.status]).toEqual([undefined, 402])
    if (error?.error !== 'insufficient_credits') throw new Error('another refusal')
    expectTypeOf(error.balance).toEqualTypeOf<number>()
    expect(error.checkout).toBe('/api/checkout')
  })

  it('fills in the parameters of a path', async () => {
    const id = await signedUp()
    const { data } = await backend.GET('/api/users/{id}/entitlements', { params: { path: { id } } })
    expect(data).toMatchObject({ plan: null, banned: false })
  })

  it('has neither data nor an error of what has not changed', async () => {
    const params = { path: { id: await signedUp() } }
    const first = await backend.GET('/api/users/{id}/entitlements', { params })
    const headers = { 'If-None-Match': first.response.headers.get('ETag') }
    const { data, error, response } = await backend.GET('/api/users/{id}/entitlements', { params, headers })
    expect([response.status, data, error || undefined]).toEqual([304, undefined, undefined])
  })

  it('says what is missing where a setting is', () => {
    for (const url of [undefined, ''])
      expect(() => createClient({ url: url as string })).toThrow(
        `createClient needs the url of your Ledgerhook, not ${url}: is a setting missing?`,
      )
  })

  it('goes without a token, where nobody is signed in', async () => {
    expect((await clientOf(() => null).GET('/api/me')).response.status).toBe(401)
    expect((await clientOf().GET('/api/health')).data).toEqual({ status: 'ok' })
  })

  it('lets nothing through that the routes refuse', () => {
    const calls = () => [
      // @ts-expect-error there is no such route
      backend.GET('/api/nothing'),
      // @ts-expect-error a spend needs an idempotency key
      backend.POST('/api/wallet/spend', { body: { user_id: 'user_ada', amount: 3 } }),
      // @ts-expect-error an amount is a number
      backend.POST('/api/wallet/spend', { body: { user_id: 'u', amount: '3', idempotency_key: 'k' } }),
      // @ts-expect-error webhooks are the providers'
      backend.POST('/api/webhooks/clerk', { body: {} }),
    ]
    expect(calls).toBeTypeOf('function')
  })
})
