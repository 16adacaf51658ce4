import type { ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { createFaultQueue, type FaultQueue } from '../fault-queue.ts'
import { cardDeclined, invalid, rateLimited, serverError } from './errors.ts'
import { type Answer, send } from './http.ts'

/**
 * - `none`: the call is handled as usual
 * - `hang`: nothing is done, and there is no response until the client goes away
 * - `drop`: the connection breaks before anything is done
 * - `drop_after`: the call is done, then the connection breaks without a response
 * - `slow`: the call takes 300 ms, so that calls overlap
 * - `held`: the call takes until `POST /test/release`
 * - `rate_limit`: 429, before anything is done
 * - `server_error`, `card_error`, `refused`: 500, 402 and 400 while the call runs, so that an idempotency key keeps them
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
  'refused',
] as const
export type Fault = (typeof FAULTS)[number]

const SLOW_MS = 300

export type Faults = FaultQueue<Fault>

export const createFaults = (): Faults => createFaultQueue(FAULTS, invalid)

/** Holds calls while they run, until they are released. */
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

/** Fails, or waits, while a call runs. An idempotency key keeps such an error like any other response, as at Stripe. */
export async function failWithin(fault: Fault, hold: Hold): Promise<void> {
  if (fault === 'slow') await sleep(SLOW_MS)
  if (fault === 'held') await hold.wait()
  if (fault === 'server_error') throw serverError()
  if (fault === 'card_error') throw cardDeclined()
  if (fault === 'refused') throw invalid('Made to fail')
}

/** Handles one call as `fault` says. `run` does the work. */
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
