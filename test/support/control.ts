import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { startGateway } from '../../local/gateway/server.ts'
import { serveHttp } from '../../local/http-server.ts'
import { createDatabase, query } from '../../local/postgres/query.ts'
import { recurringPrice } from '../../local/stripe/objects.ts'
import { startStripe } from '../../local/stripe/server.ts'
import { startScript } from './stripe-script.ts'
import { heldTransactions } from './transactions.ts'

export interface Stack {
  /** The URL of the owner of the database, whose search path has our schema. */
  databaseUrl: string
  /** The URL of a member of the Worker's role. */
  workerUrl: string
  /** The local gateway's `POST /sql`, in front of this database. */
  gatewayUrl: string
  /** A local Stripe for this file. It records its events and delivers none: tests deliver them. */
  stripeUrl: string
  /** The scripted responses of Stripe: see `startScript`. */
  scriptUrl: string
}

/** The options of a file's local Stripe. */
interface StackRequest {
  secretKey?: string
  prices?: string[]
}

interface Postgres {
  port: number
  url(database: string): string
}

/**
 * Does over HTTP what tests cannot do inside workerd: `POST /stack` makes a database, a gateway and a local Stripe;
 * `POST /hold` opens a transaction, runs statements and keeps it open, `POST /release/<id>` commits it, and `POST
 * /waiting` resolves once something waits for a lock. `/away` stands for an unreachable database.
 */
export async function startControl(postgres: Postgres, template: string) {
  const parts: { stop(): Promise<void> }[] = []
  const transactions = heldTransactions()

  async function stack({ secretKey = 'sk_test_unused', prices = [] }: StackRequest): Promise<Stack> {
    const database = `test_${randomUUID().replaceAll('-', '')}`
    await createDatabase(postgres.url('postgres'), database, template)
    await query(
      postgres.url('postgres'),
      `alter role postgres in database ${database} set search_path = ledgerhook, public`,
    )
    const workerUrl = new URL(postgres.url(database))
    workerUrl.username = workerUrl.password = 'worker'
    const gateway = await startGateway({
      port: 0,
      postgres: { host: '127.0.0.1', port: postgres.port },
      // The gateways of several files keep idle connections for a while, and Postgres has 200 for all of them.
      maxConnections: 30,
    })
    const stripe = await startStripe({ port: 0, secretKey, prices: prices.map((id) => recurringPrice(id)) })
    const script = await startScript()
    parts.push(gateway, stripe, script)
    return {
      databaseUrl: postgres.url(database),
      workerUrl: workerUrl.href,
      gatewayUrl: gateway.url,
      stripeUrl: stripe.url,
      scriptUrl: script.url,
    }
  }

  const commands: Record<string, (request: IncomingMessage, id: string) => unknown> = {
    stack: async (request) => stack(await body(request)),
    hold: async (request) => transactions.hold(await body(request)),
    release: (_request, id) => transactions.release(id),
    waiting: async (request) => transactions.waiting(await body(request)),
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url === '/away') return void response.writeHead(500).end('no database')
    const [, command = '', id = ''] = (request.url ?? '').split('/')
    try {
      response.end(JSON.stringify(await commands[command]?.(request, id)))
    } catch (error) {
      response.statusCode = 500
      response.end(String(error))
    }
  }

  const server = await serveHttp((request, response) => void serve(request, response), {
    port: 0,
    flag: 'none: the system chooses it',
  })
  return {
    url: server.url,
    async stop() {
      await server.stop()
      await transactions.stop()
      await Promise.all(parts.map((part) => part.stop()))
    },
  }
}

const body = async (request: IncomingMessage) => JSON.parse((await text(request)) || '{}')
