import { env as bindings, createExecutionContext, createMessageBatch, getQueueResult } from 'cloudflare:test'
import { inject } from 'vitest'
import worker from '../../src/index.ts'
import type { Queue } from '../../src/queue/queue.ts'
import { type Env, settings } from './support.ts'

export const QUEUE = 'ledgerhook-spill'

/** What a message of ours holds. */
export interface Body {
  v: number
  provider: string
  event_id: string
  body: string
  received_at: string
  again?: number
}

export interface Sent {
  body: Body
  delaySeconds: number
}

export interface TestQueue extends Queue {
  /** What it has taken, in order. */
  sent: Sent[]
  /** How often it was to take something. */
  asked: number
  /** What becomes of what is sent: taken, refused, or no answer. */
  mode: 'works' | 'fails' | 'hangs'
}

/** The queue of workerd, which keeps what it has taken for the test as well. */
export function testQueue(): TestQueue {
  const real = (bindings as unknown as { SPILL: Queue }).SPILL
  const queue: TestQueue = {
    sent: [],
    asked: 0,
    mode: 'works',
    async send(body, options) {
      queue.asked++
      if (queue.mode === 'fails') throw new Error('Queue send failed')
      if (queue.mode === 'hangs') await new Promise(() => {})
      await real.send(body, options)
      const copy = JSON.parse(JSON.stringify(body)) as Body
      queue.sent.push({ body: copy, delaySeconds: options?.delaySeconds ?? 0 })
    },
  }
  return queue
}

export interface Message {
  id: string
  body: unknown
  attempts: number
  timestamp: Date
}

export const messageOf = (body: unknown, number = 0, attempts = 1, ageMs = 0): Message => ({
  id: `message_${number}`,
  body,
  attempts,
  timestamp: new Date(Date.now() - ageMs),
})

/** Every message of a batch, and whether it is done, or when it is tried again. */
export interface Consumed {
  acked: string[]
  retried: { id: string; delaySeconds: number | undefined }[]
}

/** Hands messages to the Worker's consumer, as Cloudflare does. Throws where the consumer leaves one out. */
export async function consume(messages: Message[], env: Env = {}, queue = QUEUE): Promise<Consumed> {
  const batch = createMessageBatch(queue, messages)
  const context = createExecutionContext()
  const delays = new Map<string, number | undefined>()
  // The result of workerd says which are retried, and not when.
  for (const message of batch.messages) {
    const retry = message.retry.bind(message)
    message.retry = (options?: { delaySeconds?: number }) => {
      delays.set(message.id, options?.delaySeconds)
      retry(options)
    }
  }
  await worker.queue(batch, { ...settings, ...env })
  const { outcome, ackAll, explicitAcks, retryBatch, retryMessages } = await getQueueResult(batch, context)
  const named = [...explicitAcks, ...retryMessages.map(({ msgId }) => msgId)].sort()
  const all = messages.map(({ id }) => id).sort()
  if (outcome !== 'ok' || ackAll || retryBatch.retry || named.join() !== all.join())
    throw new Error(`not every message was acknowledged or retried by name: ${named.join()} of ${all.join()}`)
  const retried = retryMessages.map(({ msgId: id }) => ({ id, delaySeconds: delays.get(id) }))
  return { acked: explicitAcks, retried }
}

/** The messages that a queue has taken, and takes no more of them into account. */
export const taken = ({ sent }: TestQueue, attempts = 1): Message[] =>
  sent.splice(0).map(({ body }, number) => messageOf(body, number, attempts))

/** Commits what a queue has taken. */
export const drain = (queue: TestQueue, env: Env = {}) => consume(taken(queue), { ...env, SPILL: queue })

/** Where no database is: 500, as from Neon when the compute cannot be reached. */
export const AWAY = { NEON_FETCH_ENDPOINT: `${inject('control')}/away` }
