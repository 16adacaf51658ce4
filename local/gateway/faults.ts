import type { ServerResponse } from 'node:http'
import { createFaultQueue, type FaultQueue } from '../fault-queue.ts'
import { type Answer, errorAnswer, GatewayError } from './errors.ts'
import { send, sendHead } from './http.ts'

/**
 * - `none`: the request is handled as usual
 * - `before`: the connection breaks before anything runs
 * - `after_commit`: the request runs, then the connection breaks without a response
 * - `half_answer`: the request runs, then the connection breaks in the middle of the response
 * - `hang`: nothing runs, and there is no response until the client goes away
 * - `unavailable`: nothing runs; 500, as when the compute cannot be reached
 */
export const FAULTS = ['none', 'before', 'after_commit', 'half_answer', 'hang', 'unavailable'] as const
export type Fault = (typeof FAULTS)[number]

export type Faults = FaultQueue<Fault>

export const createFaults = (): Faults =>
  createFaultQueue(FAULTS, (message) => new GatewayError(400, message))

function sendHalf(response: ServerResponse, answer: Answer): void {
  if (response.destroyed) return
  const body = Buffer.from(answer.body)
  sendHead(response, answer)
  response.write(body.subarray(0, body.length >> 1), () => response.destroy())
}

/** Handles one request as `fault` says. `run` does the work. */
export async function handleWithFault(
  fault: Fault,
  response: ServerResponse,
  run: () => Promise<Answer>,
): Promise<void> {
  switch (fault) {
    case 'none':
      return send(response, await run())
    case 'before':
      response.destroy()
      return
    case 'after_commit':
      await run()
      response.destroy()
      return
    case 'half_answer':
      return sendHalf(response, await run())
    case 'hang':
      return
    case 'unavailable':
      return send(
        response,
        errorAnswer(new GatewayError(500, 'could not connect to the database: made to fail')),
      )
  }
}
