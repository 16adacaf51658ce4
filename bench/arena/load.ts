import { Agent, request } from 'node:http'

/** Keeps one connection open per sender. */
const agent = new Agent({ keepAlive: true, maxSockets: 64 })

/** A request to a Worker. */
export interface Sendable {
  url: string
  headers: Record<string, string>
  /** By default POST. */
  method?: 'GET' | 'POST'
  body?: string
}

export interface Answered {
  /** From the first byte sent to the last one received, milliseconds. */
  ms: number
  /** The outcome in the body of a delivery. The other contenders use Ledgerhook's names. */
  outcome: string
  /** The balance in the body of a call. Credits. */
  balance: number
}

/** Sends one request. Throws when the response is not 200: a failure must not count as a fast delivery. */
export function post({ url, headers, method = 'POST', body }: Sendable): Promise<Answered> {
  const startedAt = performance.now()
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, agent }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.once('error', reject)
      response.once('end', () => {
        const text = Buffer.concat(parts).toString()
        if (response.statusCode !== 200)
          return reject(new Error(`${url} returned ${response.statusCode}: ${text}`))
        const { outcome, balance } = JSON.parse(text)
        resolve({ ms: performance.now() - startedAt, outcome, balance })
      })
    })
    sent.once('error', reject)
    sent.end(body)
  })
}

/**
 * Sends `atATime` requests at once. Returns the responses in the order of the requests, and how long all took,
 * milliseconds.
 */
export async function postAll(
  requests: Sendable[],
  atATime: number,
): Promise<{ answers: Answered[]; ms: number }> {
  const answers: Answered[] = []
  let next = 0
  const sender = async () => {
    for (let index = next++; index < requests.length; index = next++)
      answers[index] = await post(requests[index] as Sendable)
  }
  const startedAt = performance.now()
  await Promise.all(Array.from({ length: atATime }, sender))
  return { answers, ms: performance.now() - startedAt }
}

/** Closes the kept connections. */
export const hangUp = () => agent.destroy()
