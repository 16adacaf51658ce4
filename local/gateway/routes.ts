import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Answer, errorAnswer, GatewayError } from './errors.ts'
import { type Faults, handleWithFault } from './faults.ts'
import { CORS_ANSWER, PAGE, readBody, send } from './http.ts'
import type { Pools } from './pools.ts'
import { readSqlRequest } from './protocol.ts'
import { type RunOptions, runAndRelease } from './run.ts'
import type { Counter } from './stats.ts'

export type Services = {
  pools: Pools
  faults: Faults
  counter: Counter
  rttMs: number
  run: Omit<RunOptions, 'signal'>
}

function abortWhenGone(response: ServerResponse): AbortSignal {
  const controller = new AbortController()
  response.once('close', () => {
    if (!response.writableFinished) controller.abort()
  })
  return controller.signal
}

async function answerSql(services: Services, request: IncomingMessage, signal: AbortSignal): Promise<Answer> {
  try {
    const body = await readBody(request)
    if (services.rttMs > 0) await sleep(services.rttMs)
    const sql = readSqlRequest(request.headers, body)
    const client = await services.pools.acquire(request.headers['neon-connection-string'])
    const result = await runAndRelease(client, sql, { ...services.run, signal })
    return { status: 200, headers: sql.batch?.echo ?? {}, body: result }
  } catch (error) {
    return errorAnswer(error)
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

async function route(services: Services, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { counter, faults } = services
  switch (`${request.method} ${request.url}`) {
    case 'POST /sql': {
      counter.add('requests')
      const signal = abortWhenGone(response)
      return handleWithFault(faults.next(), response, () => answerSql(services, request, signal))
    }
    case 'OPTIONS /sql':
      return send(response, CORS_ANSWER)
    case 'GET /stats':
      return send(response, { status: 200, body: JSON.stringify(counter.read()) })
    case 'POST /stats/reset':
      counter.reset()
      return send(response, { status: 200, body: JSON.stringify(counter.read()) })
    case 'POST /faults':
      faults.set(parsed(await readBody(request)))
      return send(response, { status: 200, body: '{}' })
    default:
      if (request.method === 'GET' && request.headers.accept?.includes('text/html'))
        return send(response, PAGE)
      throw new GatewayError(400, 'query is not supported')
  }
}

/** Responds to any request, whatever happens. Never rejects. */
export async function handle(
  services: Services,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    await route(services, request, response)
  } catch (error) {
    send(response, errorAnswer(error))
  }
}
