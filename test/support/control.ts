import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { Client } from 'pg'
import { startGateway } from '../../local/gateway/server.ts'
import { createDatabase } from '../../local/postgres/query.ts'
import { recurringPrice } from '../../local/stripe/objects.ts'
import { startStripe } from '../../local/stripe/server.ts'
import { stripeScript } from './stripe-script.ts'

export interface Stack {
  databaseUrl: string
  /** The local gateway's `POST /sql`, in front of this database. */
  gatewayUrl: string
  /** A local Stripe of its own. It records its events and delivers none: tests deliver them as they like. */
  stripeUrl: string
}

/** What the local Stripe of a file is like. */
interface StackRequest {
  secretKey?: string
  prices?: string[]
}

interface Postgres {
  port: number
  url(database: string): string
}

/**
 * What tests cannot do inside workerd, over HTTP: `POST /stack` gives a fresh database, a gateway and a
 * local Stripe,
 * `POST /hold` opens a transaction on one, runs statements and keeps it open, `POST /release/<id>` commits it. `/v1/…` is
 * Stripe's API, as `POST /stripe-script` says; `POST /stripe-calls` tells what was asked of it.
 */
export async function startControl(postgres: Postgres, template: string) {
  const parts: { stop(): Promise<void> }[] = []
  const held = new Map<string, Client>()
  const stripe = stripeScript()

  async function stack({ secretKey = 'sk_test_unused', prices = [] }: StackRequest): Promise<Stack> {
    const database = `test_${randomUUID().replaceAll('-', '')}`
    await createDatabase(postgres.url('postgres'), database, template)
    const gateway = await startGateway({
      port: 0,
      postgres: { host: '127.0.0.1', port: postgres.port },
      // Several files' gateways keep their idle connections for a while, and Postgres has 200 for all of them.
      maxConnections: 30,
    })
    const stripe = await startStripe({ port: 0, secretKey, prices: prices.map((id) => recurringPrice(id)) })
    parts.push(gateway, stripe)
    return { databaseUrl: postgres.url(database), gatewayUrl: gateway.url, stripeUrl: stripe.url }
  }

  async function hold({
    databaseUrl,
    statements,
  }: {
    databaseUrl: string
    statements: [string, unknown[]][]
  }) {
    const client = new Client(databaseUrl)
    await client.connect()
    await client.query('begin')
    for (const [statement, params] of statements) await client.query(statement, params)
    const id = randomUUID()
    held.set(id, client)
    return { id }
  }

  async function release(id: string) {
    const client = held.get(id)
    held.delete(id)
    await client?.query('commit')
    await client?.end()
    return {}
  }

  const answer = async (request: IncomingMessage) => {
    const [, command, id = ''] = (request.url ?? '').split('/')
    if (command === 'stack') return await stack(JSON.parse((await text(request)) || '{}'))
    if (command === 'hold') return await hold(JSON.parse(await text(request)))
    if (command === 'stripe-script') return stripe.script(JSON.parse(await text(request)))
    if (command === 'stripe-calls') return stripe.calls(JSON.parse(await text(request)))
    return await release(id)
  }

  const server = createServer(async (request, response) => {
    if (request.url?.startsWith('/v1/')) return stripe.serve(request, response)
    try {
      response.end(JSON.stringify(await answer(request)))
    } catch (error) {
      response.statusCode = 500
      response.end(String(error))
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections()
      server.close()
      for (const client of held.values()) await client.end()
      await Promise.all(parts.map((part) => part.stop()))
    },
  }
}
