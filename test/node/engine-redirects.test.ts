import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readUser } from '../../src/clerk/read-user.ts'
import { call, connect } from '../../src/db.ts'
import { settingsSchema } from '../../src/settings.ts'
import { stripeClient } from '../../src/stripe/client.ts'

let elsewhere: Server
let redirecting: Server
let status = 307
/** The requests that arrived at a redirect's target, and those that arrived before. */
const arrived: IncomingHttpHeaders[] = []
const asked: IncomingHttpHeaders[] = []

async function listening(server: Server): Promise<Server> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}
const urlOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`

beforeAll(async () => {
  elsewhere = await listening(
    createServer((request, response) => {
      arrived.push(request.headers)
      response.setHeader('content-type', 'application/json').end('{"fields": [], "rows": [], "id": "cus_1"}')
    }),
  )
  redirecting = await listening(
    createServer((request, response) => {
      asked.push(request.headers)
      response.writeHead(status, { location: `${urlOf(elsewhere)}${request.url}` }).end()
    }),
  )
})
afterAll(() => {
  elsewhere.close()
  redirecting.close()
})

const settings = () =>
  settingsSchema().parse({
    DATABASE_URL: 'postgresql://worker:the-password@db.example/ledgerhook',
    NEON_FETCH_ENDPOINT: `${urlOf(redirecting)}/sql`,
    CLERK_WEBHOOK_SECRET: `whsec_${'AAAA'.repeat(8)}`,
    STRIPE_WEBHOOK_SECRET: 'whsec_of_the_redirects',
    STRIPE_SECRET_KEY: 'sk_test_the_stripe_key',
    STRIPE_API_BASE: urlOf(redirecting),
    CLERK_SECRET_KEY: 'sk_test_the_clerk_key',
    CLERK_API_BASE: urlOf(redirecting),
  })

it.each([301, 302, 303, 307, 308])(
  'a redirect by %i is followed by nobody who carries a secret',
  async (given) => {
    status = given
    arrived.length = asked.length = 0
    await expect(call(connect(settings()), 'read_me', [{}])).rejects.toMatchObject({
      name: 'DatabaseUnavailable',
    })
    expect(asked[0]).toMatchObject({ 'neon-connection-string': expect.stringContaining('the-password') })

    asked.length = 0
    const stripe = stripeClient(settings())
    await expect(stripe.customers.retrieve('cus_1')).rejects.toThrow()
    await expect(stripe.subscriptions.cancel('sub_1')).rejects.toThrow()
    await expect(stripe.customers.create({ email: 'ada@example.com' })).rejects.toThrow()
    expect(asked[0]).toMatchObject({ authorization: 'Bearer sk_test_the_stripe_key' })

    asked.length = 0
    expect(await readUser('user_1', settings())).toBeNull()
    expect(asked[0]).toMatchObject({ authorization: 'Bearer sk_test_the_clerk_key' })
    expect(arrived).toEqual([])
  },
)
