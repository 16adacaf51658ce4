import { setTimeout as sleep } from 'node:timers/promises'
import { LocalError } from '../../cli/shared/errors.ts'
import { post } from '../../local/deliver.ts'
import type { Vars } from '../../local/dev-vars.ts'
import { sign } from '../arena/deliveries.ts'
import { entryOf, type Life, lifeOf, type Sending } from './lives.ts'

/** How the senders behave. Milliseconds. */
export interface Pace {
  /** The most requests in flight. */
  atATime: number
  /** A sender's pause after each response. */
  pauseMs: number
}

/** The number of users with events at the same time. */
const LIVES_AT_ONCE = 24
/** One in this many is sent twice. */
const TWICE = 9
const TWICE_WITHIN_MS = 2_000
/** The pause of a sender whose delivery has failed, so that it does not press. */
const AWAY_PAUSE_MS = 500
const RETRY_MS = 500
const LONGEST_RETRY_MS = 8_000
/** Longer than any fault lasts: after it a delivery will never get through. */
const STUCK_MS = 300_000
/** The statuses that a backend treats as final. */
const SPEND_ENDS = [200, 402, 403, 404]

/** The results so far. */
export interface Sent {
  lives: Life[]
  deliveries: number
  retries: number
  twice: number
  /** The numbers of those with a final status, and of those without. */
  heard: number
  failed: number
  /** Numbers by status; `none` if the connection broke. */
  statuses: Record<string, number>
  /** Spends whose key got another balance in an earlier response. */
  contradictions: string[]
}

export interface Traffic {
  sent: Sent
  /**
   * Resolves when all begun lives have their final responses. No new one begins. Rejects when nothing gets through any
   * more.
   */
  finish(): Promise<void>
}

interface Waiting {
  sending: Sending
  dueAt: number
  tries: number
}

/**
 * Sends as the providers do: a delivery without a 2xx response is sent again later with the same id, until it gets one.
 */
export function startTraffic(
  target: { url(): string; secrets: Vars },
  { atATime, pauseMs }: Pace,
  interrupt: AbortSignal,
): Traffic {
  const sent: Sent = {
    lives: [],
    deliveries: 0,
    retries: 0,
    twice: 0,
    heard: 0,
    failed: 0,
    statuses: {},
    contradictions: [],
  }
  const later: Waiting[] = []
  const active: Sending[][] = []
  let inFlight = 0
  let isEnding = false
  let turn = 0
  let lastHeardAt = Date.now()

  const fresh = (): Waiting | undefined => {
    while (!isEnding && active.length < LIVES_AT_ONCE) {
      const life = lifeOf(sent.lives.length)
      sent.lives.push(life)
      active.push([...life.sendings])
    }
    const index = turn++ % (active.length || 1)
    const sending = active[index]?.shift()
    if (active[index]?.length === 0) active.splice(index, 1)
    return sending && { sending, dueAt: 0, tries: 0 }
  }
  const take = (): Waiting | undefined => {
    const now = Date.now()
    const due = later.findIndex(({ dueAt }) => dueAt <= now)
    if (due >= 0) return later.splice(due, 1)[0]
    const next = fresh()
    if (next && turn % TWICE === 0) {
      sent.twice++
      later.push({ ...next, dueAt: now + (sent.twice % 2 === 0 ? 0 : Math.random() * TWICE_WITHIN_MS) })
    }
    return next
  }
  const send = async (waiting: Waiting): Promise<boolean> => {
    const { sending, tries } = waiting
    sent.deliveries++
    if (tries > 0) sent.retries++
    const { status, answer } = await request(sending, target)
    const name = String(status ?? 'none')
    sent.statuses[name] = (sent.statuses[name] ?? 0) + 1
    const isHeard =
      status !== null && (sending.spends ? SPEND_ENDS.includes(status) : status >= 200 && status < 300)
    if (isHeard) {
      sent.heard++
      lastHeardAt = Date.now()
      if (sending.spends && status === 200) accept(sending, answer as { balance: number }, sent)
    } else {
      sent.failed++
      const pause = Math.min(LONGEST_RETRY_MS, RETRY_MS * 2 ** tries) * (0.5 + Math.random())
      later.push({ sending, dueAt: Date.now() + pause, tries: tries + 1 })
    }
    return isHeard
  }
  const isDone = () => isEnding && active.length === 0 && later.length === 0 && inFlight === 0
  const sender = async () => {
    while (!interrupt.aborted && !isDone()) {
      if (Date.now() - lastHeardAt > STUCK_MS)
        throw new LocalError(`nothing gets through: ${JSON.stringify(sent.statuses)}`)
      const next = take()
      if (next) inFlight++
      const isHeard = next ? await send(next).finally(() => inFlight--) : true
      await sleep(isHeard ? pauseMs : AWAY_PAUSE_MS)
    }
  }
  const senders = Promise.all(Array.from({ length: atATime }, sender))
  // `finish` reports the error.
  senders.catch(() => {})
  return {
    sent,
    async finish() {
      isEnding = true
      await senders
      interrupt.throwIfAborted()
    },
  }
}

async function request(
  { event, spends, life, id }: Sending,
  { url, secrets }: { url(): string; secrets: Vars },
) {
  if (event) {
    const signed = await sign(event(), url(), secrets)
    return await post(signed.url, signed)
  }
  const headers = { Authorization: `Bearer ${secrets.SERVICE_TOKEN}`, 'Content-Type': 'application/json' }
  const body = JSON.stringify({ user_id: life.user, amount: spends, idempotency_key: id })
  return await post(`${url()}/api/wallet/spend`, { headers, body })
}

function accept({ life, id, spends = 0 }: Sending, { balance }: { balance: number }, sent: Sent): void {
  const earlier = life.accepted.get(id)
  if (earlier && earlier.balance !== balance)
    sent.contradictions.push(`${id}: ${earlier.balance}, ${balance}`)
  life.accepted.set(id, { entry: entryOf('spend', -spends, `spend:${id}`), balance })
}
