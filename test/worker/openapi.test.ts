import { env as bound } from 'cloudflare:test'
import { describe, expect, it } from 'vitest'
import * as z from 'zod/mini'
import { signedEvent } from '../../local/deliver.ts'
import { EXAMPLES as DEV_SETTINGS } from '../../local/dev-vars.ts'
import { randomId } from '../../local/events.ts'
import { routes } from '../../src/api/routes.ts'
import { app } from '../../src/app.ts'
import type { ProviderName } from '../../src/webhook/provider.ts'
import { accountSettings, callWith, GRANTS, giveBack, grant, spend, tokenFor } from './account-support.ts'
import { see, signedIn } from './ops-support.ts'
import { as, signUp } from './people.ts'
import { counted, request, secrets, settings, stripeUrl } from './support.ts'

interface Operation {
  tags: string[]
  summary: string
  security?: Record<string, unknown>[]
  parameters: {
    name: string
    in: string
    required: boolean
    example?: unknown
    schema: Record<string, unknown>
  }[]
  requestBody?: { content: { 'application/json': { schema: Record<string, unknown>; example?: object } } }
  responses: Record<string, { content: { 'application/json': { schema: Record<string, unknown> } } }>
}
type Document = {
  openapi: string
  tags: { name: string }[]
  paths: Record<string, Record<string, Operation>>
}

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

  it('groups the routes by who may call them', async () => {
    const { tags, paths } = await read()
    const called = Object.values(paths).flatMap((methods) =>
      Object.values(methods).flatMap(({ tags }) => tags),
    )
    expect(new Set(called)).toEqual(new Set(tags.map(({ name }) => name)))
    expect((await operationOf('post', '/api/wallet/spend')).tags).toEqual(['Your backend'])
    expect((await operationOf('get', '/api/me')).tags).toEqual(['Signed-in users'])
  })

  it.each(['/api/ops/deliveries', '/api/ops/find', '/api/ops/actions'])(
    'lists each field of the query of %s, which refuses another one by its name',
    async (path) => {
      const { parameters = [] } = (await read()).paths[path]?.get ?? {}
      const listed = parameters.map(({ name }) => `${name}=x`).join('&')
      const { result, requests } = await counted(() =>
        callWith(settings.OPS_TOKEN, `${path}?${listed}&limt=1&toString=1`),
      )
      const fields = { limt: ['is not a field here'], toString: ['is not a field here'] }
      expect([result.status, result.body.fields, requests]).toEqual([400, fields, 0])
      expect(await see(await signedIn(), '/ops/deliveries?limt=1')).toContain('<h1>Deliveries')
    },
  )

  it('lists every route of the Worker, but for itself and its page', async () => {
    const served = app.routes
      .filter(
        ({ method, path }) =>
          method !== 'ALL' && path !== '/api/openapi.json' && !path.startsWith('/api/docs'),
      )
      .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`)
    const listed = Object.entries((await read()).paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    )
    expect([...new Set(served)].sort()).toEqual(listed.sort())
  })

  it('gives every route the schema of its response, of its body and of its refusals', async () => {
    for (const [path, methods] of Object.entries((await read()).paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        expect(operation.summary, path).toMatch(/\w/)
        const bodies = Object.values(operation.responses).map(
          ({ content }) => content['application/json'].schema,
        )
        for (const schema of bodies) expect(schema).toMatchObject({ type: 'object' })
        // The portal is for the caller, so its request has no body.
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

  it('describes the responses as they are', async () => {
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

/** The callers, each with its headers. A provider signs instead. */
const CREDENTIALS: Record<string, () => Promise<string> | string> = {
  session: () => tokenFor('user_ada'),
  service: () => accountSettings.SERVICE_TOKEN,
  operator: () => settings.OPS_TOKEN,
}

/** Sends an operation's example as a caller that is allowed to. */
async function sendExample(method: string, path: string, operation: Operation): Promise<number> {
  const body = operation.requestBody?.content['application/json'].example
  const [, , , provider] = path.split('/')
  if (!operation.security && body) {
    const { headers, body: text } = await signedEvent(provider as ProviderName, body, {
      secret: secrets[provider as ProviderName],
      messageId: randomId('msg'),
      signedAt: Date.now(),
    })
    return (await request(path, { method: 'POST', headers, body: text }, settings)).status
  }
  const query = new URLSearchParams()
  let filled = path
  for (const { name, in: place, example } of operation.parameters) {
    if (place === 'query' && example !== undefined) query.set(name, String(example))
    else filled = filled.replace(`{${name}}`, String(example))
  }
  const [scheme = ''] = operation.security?.flatMap(Object.keys) ?? []
  const token = (await CREDENTIALS[scheme]?.()) ?? null
  const init = { method: method.toUpperCase(), ...(body && { body: JSON.stringify(body) }) }
  return (await callWith(token, `${filled}?${query}`, init, EXAMPLE_SETTINGS)).status
}

const EXAMPLE_SETTINGS = {
  ...GRANTS,
  CREDIT_PACKS: DEV_SETTINGS.CREDIT_PACKS ?? '',
  APP_URL: 'https://app.example.com',
  STRIPE_API_BASE: stripeUrl,
}

describe('examples', () => {
  it('are there wherever something has to be given', async () => {
    const lacking = Object.entries((await read()).paths).flatMap(([path, methods]) =>
      Object.values(methods).flatMap(({ parameters, requestBody }) => [
        ...parameters.filter(({ required, example }) => required && example === undefined).map(() => path),
        ...(requestBody && !requestBody.content['application/json'].example ? [path] : []),
      ]),
    )
    expect(lacking).toEqual([])
  })

  it('do what they say, in the order of the document', async () => {
    await signUp('user_ada')
    await grant({ user_id: 'user_ada', amount: 100, idempotency_key: randomId('key'), note: 'To begin with' })
    const statuses: Record<string, number> = {}
    for (const [path, methods] of Object.entries((await read()).paths))
      for (const [method, operation] of Object.entries(methods))
        statuses[path] = await sendExample(method, path, operation)
    // There is no such session or delivery, and no scheduled run yet, as the document says.
    const {
      '/api/checkout/{id}': session,
      '/api/ops/deliveries/{provider}/{event}': delivery,
      '/api/health/deep': deep,
      ...others
    } = statuses
    expect([session, delivery]).toEqual([404, 404])
    expect([200, 503]).toContain(deep)
    expect(Object.entries(others).filter(([, status]) => status !== 200)).toEqual([])
  })
})

/** The folder `assets`, as it is bound in a deployed Worker. */
const WITH_FILES = { DATABASE_URL: '', ASSETS: (bound as { ASSETS?: object }).ASSETS }

describe('GET /api/docs', () => {
  it('is a page that runs what is beside it, and loads nothing from elsewhere', async () => {
    const response = await request('/api/docs', {}, { DATABASE_URL: '' })
    const page = await response.text()
    expect(response.headers.get('Content-Type')).toMatch('text/html')
    expect(response.headers.get('Content-Security-Policy')).toMatch("default-src 'none'; script-src 'self';")
    expect(page).toContain('width=device-width')
    const scripts = [...page.matchAll(/<script src="([^"]+)">/g)].map(([, path = '']) => path)
    expect(scripts).toEqual(['/api/docs/scalar.js', '/api/docs/start.js'])
    for (const path of scripts) {
      const script = await request(path, {}, WITH_FILES)
      expect([script.status, script.headers.get('Content-Type')]).toEqual([
        200,
        expect.stringMatching('text/javascript'),
      ])
    }
    expect(page.replaceAll(/<script src="[^"]+">/g, '')).not.toMatch(/<script>|https?:/)
  })

  it('has no other files', async () => {
    for (const path of ['/api/docs/..%2fops', '/api/docs/LICENSE', '/docs/scalar.js'])
      expect((await request(path, {}, WITH_FILES)).status, path).toBe(404)
  })
})
