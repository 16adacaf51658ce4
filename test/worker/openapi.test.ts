import { describe, expect, it } from 'vitest'
import * as z from 'zod/mini'
import { randomId } from '../../local/events.ts'
import { docsPage } from '../../src/api/docs.ts'
import { openapi } from '../../src/api/openapi.ts'
import { routes } from '../../src/api/routes.ts'
import { app } from '../../src/app.ts'
import { accountSettings, callWith, giveBack, grant, spend } from './account-support.ts'
import { as, signUp } from './people.ts'
import { counted, request } from './support.ts'

interface Operation {
  summary: string
  security?: Record<string, unknown>[]
  parameters: { name: string; in: string; required: boolean; schema: Record<string, unknown> }[]
  requestBody?: { content: { 'application/json': { schema: Record<string, unknown> } } }
  responses: Record<string, { content: { 'application/json': { schema: Record<string, unknown> } } }>
}
type Document = { openapi: string; paths: Record<string, Record<string, Operation>> }

const read = async () =>
  (await (await request('/api/openapi.json', {}, { DATABASE_URL: '' })).json()) as Document
const operationOf = async (method: string, path: string) => (await read()).paths[path]?.[method] as Operation

const asBackend = (path: string) => callWith(accountSettings.SERVICE_TOKEN, path)

describe('GET /api/openapi.json', () => {
  it('needs neither settings nor the database', async () => {
    const { result, requests } = await counted(() => request('/api/openapi.json', {}, { DATABASE_URL: '' }))
    expect([result.status, requests]).toEqual([200, 0])
    expect(((await result.json()) as Document).openapi).toBe('3.1.0')
  })

  it('lists every route of the Worker, but for itself and its page', async () => {
    const served = app.routes
      .filter(({ method, path }) => method !== 'ALL' && !['/api/openapi.json', '/api/docs'].includes(path))
      .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`)
    const listed = Object.entries((await read()).paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    )
    expect([...new Set(served)].sort()).toEqual(listed.sort())
  })

  it('gives every route the schema of its answer, of its body and of its refusals', async () => {
    for (const [path, methods] of Object.entries((await read()).paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        expect(operation.summary, path).toMatch(/\w/)
        const bodies = Object.values(operation.responses).map(
          ({ content }) => content['application/json'].schema,
        )
        for (const schema of bodies) expect(schema).toMatchObject({ type: 'object' })
        // The portal is for whoever asks: there is nothing to say.
        if (method === 'post' && path !== '/api/billing-portal')
          expect(operation.requestBody?.content['application/json'].schema.type).toBe('object')
      }
    }
  })

  it('says what a spend takes, as it is checked', async () => {
    const { requestBody, responses, security } = await operationOf('post', '/api/wallet/spend')
    const schema = requestBody?.content['application/json'].schema
    expect(schema).toMatchObject({
      required: ['user_id', 'amount', 'idempotency_key'],
      properties: { amount: { type: 'integer', minimum: 1, maximum: 10 ** 12 } },
      additionalProperties: false,
    })
    expect(Object.keys(responses)).toEqual([
      '200',
      '400',
      '401',
      '402',
      '403',
      '404',
      '409',
      '413',
      '500',
      '503',
    ])
    expect(security).toEqual([{ service: [] }])
  })

  it('says what the user is like, and leaves room for more', async () => {
    const { responses } = await operationOf('get', '/api/me')
    const schema = responses[200]?.content['application/json'].schema
    expect(schema).toMatchObject({
      required: ['id', 'email', 'name', 'balance', 'banned', 'subscription'],
      properties: {
        email: { type: ['string', 'null'] },
        balance: { type: 'integer', description: 'Credits' },
      },
    })
    expect(JSON.stringify(schema)).not.toMatch(/additionalProperties":false|9007199254740991/)
  })

  it('says what a page of the wallet takes', async () => {
    const { parameters, security } = await operationOf('get', '/api/wallet')
    expect(parameters).toMatchObject([
      { name: 'cursor', in: 'query', required: false, schema: { type: 'string' } },
      {
        name: 'limit',
        in: 'query',
        required: false,
        schema: { type: 'integer', minimum: 1, maximum: 100, default: 50 },
      },
    ])
    expect(security).toEqual([{ session: [] }])
  })

  it('tells the truth about what is answered', async () => {
    const id = randomId('user')
    await signUp(id)
    const replies = {
      '/api/me': await as(id, '/api/me'),
      '/api/wallet': await as(id, '/api/wallet'),
      '/api/wallet/spend': await spend({ user_id: id, amount: 1, idempotency_key: id }),
      '/api/wallet/give-back': await giveBack({ user_id: id, spend_key: id, idempotency_key: id }),
      '/api/wallet/grant': await grant({ user_id: id, amount: 1, idempotency_key: id, note: 'Hello' }),
      '/api/users/{id}/wallet': await asBackend(`/api/users/${id}/wallet`),
      '/api/users/{id}/entitlements': await asBackend(`/api/users/${id}/entitlements`),
    }
    for (const { path, response } of routes) {
      const reply = replies[path as keyof typeof replies]
      if (!reply) continue
      expect(reply.status).toBe(200)
      const schema = response()
      const exact = schema instanceof z.ZodMiniObject ? z.strictObject(schema.shape) : schema
      expect(exact.safeParse(reply.body).error).toBeUndefined()
    }
    const short = await spend({ user_id: id, amount: 1000, idempotency_key: `more-${id}` })
    const schema = routes.find(({ path }) => path === '/api/wallet/spend')?.refusals?.[402]
    expect(schema?.().safeParse(short.body).error).toBeUndefined()
  })
})

describe('GET /api/docs', () => {
  it('is a page of every route, which loads and runs nothing', async () => {
    const response = await request('/api/docs', {}, { DATABASE_URL: '' })
    const page = await response.text()
    expect(response.headers.get('Content-Type')).toMatch('text/html')
    expect(response.headers.get('Content-Security-Policy')).toMatch("default-src 'none'")
    for (const path of Object.keys((await read()).paths)) expect(page).toContain(`<code>${path}</code>`)
    expect(page).not.toMatch(/<script|<link|src=|https?:|\[object|undefined/)
  })

  it('escapes whatever the document says', async () => {
    const evil = '<script>alert("1")</script>'
    const page = (await docsPage(
      { header: () => undefined, html: async (body: unknown) => String(await body) } as never,
      openapi([
        {
          method: 'get',
          path: `/api/${evil}`,
          caller: 'user',
          summary: evil,
          description: evil,
          query: () => z.object({ [evil]: z._default(z.string().check(z.describe(evil)), evil) }),
          body: () => z.object({ [evil]: z.string() }),
          response: () => z.object({ [evil]: z.literal(evil) }),
        },
      ]),
    )) as unknown as string
    expect(page).toContain('&lt;script&gt;')
    expect(page).not.toContain('<script')
    expect(page).not.toContain('"1"')
  })
})
