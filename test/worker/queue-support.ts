import { env as bindings, createExecutionContext, createMessageBatch, getQueueResult } from 'cloudflare:test'
import { inject } from 'vitest'
import worker from '../../src/index.ts'
import type { Queue } from '../../src/queue/queue.ts'
import { type Env, settings } from './support.ts'

export const QUEUE = 'ledgerhook-spill'

/** The contents of one of our messages. */
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
  /** The messages that it has accepted, in order. */
  sent: Sent[]
  /** The number of sends. */
  asked: number
  /** The fate of a send: accepted, refused, or without a response. */
  mode: 'works' | 'fails' | 'hangs'
}

/** The queue of workerd, which also keeps accepted messages for the test. */
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

/** Every message of a batch, and whether it is acknowledged, or when it is retried. */
export interface Consumed {
  acked: string[]
  retried: { id: string; delaySeconds: number | undefined }[]
}

/** Delivers messages to the Worker's consumer, as Cloudflare does. Throws if the consumer leaves one out. */
export async function consume(messages: Message[], env: Env = {}, queue = QUEUE): Promise<Consumed> {
  const batch = createMessageBatch(queue, messages)
  const context = createExecutionContext()
  const delays = new Map<string, number | undefined>()
  // The result of workerd says which messages are retried, but not when.
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

/** Removes and returns the messages that a queue has accepted. */
export const taken = ({ sent }: TestQueue, attempts = 1): Message[] =>
  sent.splice(0).map(({ body }, number) => messageOf(body, number, attempts))

/** Commits the messages that a queue has accepted. */
export const drain = (queue: TestQueue, env: Env = {}) => consume(taken(queue), { ...env, SPILL: queue })

/** The address without a database: 500, as from Neon when the compute cannot be reached. */
export const AWAY = { NEON_FETCH_ENDPOINT: `${inject('control')}/away` }
