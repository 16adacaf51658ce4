// A queue like Cloudflare's, as far as the bench needs one: it keeps messages in memory, and delivers several batches
// at a time. It is two Workers in two processes, because on Cloudflare the Worker that receives deliveries and the one
// that drains them are separate: the broker, to which a binding sends messages, and the door, which passes a batch to
// the consumer beside it.
interface Message {
  id: string
  timestamp: Date
  body: unknown
  attempts: number
}

interface Handled {
  outcome: string
  ackAll: boolean
  retryBatch: { retry: boolean }
  explicitAcks: string[]
}

interface Env {
  /** For the broker: the address of the door. */
  DOOR: string
  /** For the door. */
  CONSUMER: { queue(name: string, messages: Message[]): Promise<Handled> }
}

interface Context {
  waitUntil(promise: Promise<unknown>): void
}

// The values of `wrangler.toml`.
const BATCH_SIZE = 50
const BATCH_TIMEOUT_MS = 1_000
const CONCURRENCY = 4

/** The response that the binding expects. */
const STORED = { metadata: { metrics: { backlogCount: 0, backlogBytes: 0, oldestMessageTimestamp: 0 } } }

/** Messages as JSON. A body is not read here. */
const messages: string[] = []
let sent = 0
let busy = 0
let underWay = 0
let isWaiting = false

export default {
  async fetch(request: Request, env: Env, context: Context): Promise<Response> {
    const { pathname } = new URL(request.url)
    if (pathname === '/batch') return Response.json(await handOver(request, env))
    if (pathname === '/left') return Response.json({ left: messages.length + underWay })
    const body = await request.text()
    messages.push(`{"id":"${sent++}","timestamp":${Date.now()},"attempts":1,"body":${body}}`)
    if (messages.length >= BATCH_SIZE) context.waitUntil(drain(env, BATCH_SIZE))
    else context.waitUntil(drainLater(env))
    return Response.json(STORED)
  },
}

/** Delivers batches one after the other, while there are at least this many messages. */
async function drain(env: Env, atLeast: number): Promise<void> {
  if (busy === CONCURRENCY) return
  busy++
  while (messages.length >= atLeast) {
    const batch = messages.splice(0, BATCH_SIZE)
    underWay += batch.length
    const { left } = await handTo(env.DOOR, batch)
    // This queue delivers a message once. One that is not acknowledged stays counted, and the bench fails.
    underWay -= batch.length - left.length
  }
  busy--
  if (messages.length > 0) await drainLater(env)
}

/** Messages that do not fill a batch wait for more. */
async function drainLater(env: Env): Promise<void> {
  if (isWaiting) return
  isWaiting = true
  await new Promise((resolve) => setTimeout(resolve, BATCH_TIMEOUT_MS))
  isWaiting = false
  await drain(env, 1)
}

async function handTo(door: string, batch: string[]): Promise<{ left: string[] }> {
  const response = await fetch(`${door}/batch`, { method: 'POST', body: `[${batch.join()}]` })
  return await response.json()
}

/** Returns the ids of the messages that the consumer has not acknowledged. */
async function handOver(request: Request, env: Env): Promise<{ left: string[] }> {
  const batch = ((await request.json()) as Message[]).map((message) => ({
    ...message,
    timestamp: new Date(message.timestamp),
  }))
  const { outcome, explicitAcks } = await env.CONSUMER.queue('ledgerhook-spill', batch)
  const acknowledged = new Set(outcome === 'ok' ? explicitAcks : [])
  return { left: batch.map(({ id }) => id).filter((id) => !acknowledged.has(id)) }
}
