import { Agent, request } from 'node:http'
import type { SignedRequest } from '../../local/deliver.ts'

/** Keeps one connection open per sender. */
const agent = new Agent({ keepAlive: true, maxSockets: 64 })

export interface Answered {
  /** From the first byte sent to the last one received, milliseconds. */
  ms: number
  /** The outcome in the body. The other contenders report it in Ledgerhook's words. */
  outcome: string
}

/** Sends one request. Throws when the response is not 200: a failure must not count as a fast delivery. */
export function post({ url, headers, body }: SignedRequest): Promise<Answered> {
  const startedAt = performance.now()
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', headers, agent }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.once('error', reject)
      response.once('end', () => {
        const text = Buffer.concat(parts).toString()
        if (response.statusCode !== 200)
          return reject(new Error(`${url} returned ${response.statusCode}: ${text}`))
        resolve({ ms: performance.now() - startedAt, outcome: JSON.parse(text).outcome })
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
  requests: SignedRequest[],
  atATime: number,
): Promise<{ answers: Answered[]; ms: number }> {
  const answers: Answered[] = []
  let next = 0
  const sender = async () => {
    for (let index = next++; index < requests.length; index = next++)
      answers[index] = await post(requests[index] as SignedRequest)
  }
  const startedAt = performance.now()
  await Promise.all(Array.from({ length: atATime }, sender))
  return { answers, ms: performance.now() - startedAt }
}

/** Closes the connections that are kept open. */
export const hangUp = () => agent.destroy()
