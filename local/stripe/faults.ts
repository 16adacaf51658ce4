import type { ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { createFaultQueue, type FaultQueue } from '../fault-queue.ts'
import { cardDeclined, invalid, rateLimited, serverError } from './errors.ts'
import { type Answer, send } from './http.ts'

/**
 * - `none`: this request passes untouched
 * - `hang`: nothing is done and no answer comes, until the client goes away
 * - `drop`: the connection breaks before anything is done
 * - `drop_after`: it is done, then the connection breaks without an answer
 * - `slow`: it takes 300 ms, so that requests overlap
 * - `held`: it takes until `POST /test/release`
 * - `rate_limit`: 429, before anything is done
 * - `server_error`, `card_error`: 500 and 402 while it is being done, which an idempotency key keeps
 */
export const FAULTS = [
  'none',
  'hang',
  'drop',
  'drop_after',
  'slow',
  'held',
  'rate_limit',
  'server_error',
  'card_error',
] as const
export type Fault = (typeof FAULTS)[number]

const SLOW_MS = 300

export type Faults = FaultQueue<Fault>

export const createFaults = (): Faults => createFaultQueue(FAULTS, invalid)

/** Calls that are held in the middle, until they are let go. */
export interface Hold {
  wait(): Promise<void>
  release(): void
}

export function createHold(): Hold {
  const held: (() => void)[] = []
  return {
    wait: () => new Promise((resolve) => held.push(resolve)),
    release() {
      for (const letGo of held.splice(0)) letGo()
    },
  }
}

/** What goes wrong while a call runs. Its response is one like any other, so that an idempotency key keeps it, as Stripe's does. */
export async function failWithin(fault: Fault, hold: Hold): Promise<void> {
  if (fault === 'slow') await sleep(SLOW_MS)
  if (fault === 'held') await hold.wait()
  if (fault === 'server_error') throw serverError()
  if (fault === 'card_error') throw cardDeclined()
}

/** Answers one call the way `fault` says; `run` does the work. */
export async function answerWithFault(
  fault: Fault,
  response: ServerResponse,
  run: () => Promise<Answer>,
): Promise<void> {
  if (fault === 'hang') return
  if (fault === 'drop') return void response.destroy()
  if (fault === 'rate_limit') throw rateLimited()
  const answer = await run()
  if (fault === 'drop_after') return void response.destroy()
  send(response, answer)
}
