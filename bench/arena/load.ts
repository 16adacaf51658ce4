import { Agent, request } from 'node:http'
import type { SignedRequest } from '../../local/deliver.ts'

/** One connection per sender, kept. */
const agent = new Agent({ keepAlive: true, maxSockets: 64 })

export interface Answered {
  /** From the first byte sent to the last one received, milliseconds. */
  ms: number
  /** Of Ledgerhook, and as the other contenders say it. */
  outcome: string
}

/** @throws when the answer is not 200: what failed must not look fast */
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
          return reject(new Error(`${url} answered ${response.statusCode}: ${text}`))
        resolve({ ms: performance.now() - startedAt, outcome: JSON.parse(text).outcome })
      })
    })
    sent.once('error', reject)
    sent.end(body)
  })
}

/** So many at a time. Resolves to the answers in the order of the requests, and to the milliseconds that all took. */
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

/** Lets go of what is kept open. */
export const hangUp = () => agent.destroy()
