import { expect, it } from 'vitest'
import { serveHttp } from '../../local/http-server.ts'
import { startStripe } from '../../local/stripe/server.ts'

it.each(['https://evil.example', 'http://localhost.evil.example', 'http://127.0.0.1.evil.example', 'null'])(
  'a server of this machine refuses a page of %s',
  async (Origin) => {
    let asked = 0
    const server = await serveHttp((_, response) => void response.end(`${++asked}`), {
      port: 0,
      flag: 'none',
    })
    try {
      const ask = (headers = {}) => fetch(server.url, { method: 'POST', headers })
      expect((await ask({ Origin })).status).toBe(403)
      expect(asked).toBe(0)
      for (const origin of [server.url, 'http://localhost:3000', 'http://[::1]:3000'])
        expect((await ask({ Origin: origin })).status).toBe(200)
      expect((await ask()).status).toBe(200)
    } finally {
      await server.stop()
    }
  },
)

it('a page of another site changes nothing at the local Stripe', async () => {
  const stripe = await startStripe({ port: 0, secretKey: 'sk_test_unused' })
  try {
    const seed = (headers = {}) =>
      fetch(`${stripe.url}/test/seed`, { method: 'POST', headers, body: '{"customers": [{"id": "cus_1"}]}' })
    const customers = async () => (await fetch(`${stripe.url}/test/customers`)).json()
    expect((await seed({ Origin: 'https://evil.example' })).status).toBe(403)
    expect(await customers()).toEqual([])
    await seed()
    expect(await customers()).toHaveLength(1)
  } finally {
    await stripe.stop()
  }
})
