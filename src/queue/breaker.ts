import type { Queue } from './queue.ts'

/** After this many failures in a row, the database is left alone for a while. */
const MOST_FAILURES = 3
const PAUSE_MS = 10_000

/**
 * What an isolate knows about the database: while the database does not respond, deliveries go straight to the queue.
 * After each pause, one delivery tries the database again.
 */
export class Breaker {
  #failures = 0
  #closedUntil = 0

  /** Whether a delivery should try the database. */
  mayTry(now = Date.now()): boolean {
    if (this.#failures < MOST_FAILURES) return true
    if (now < this.#closedUntil) return false
    this.#closedUntil = now + PAUSE_MS
    return true
  }

  succeeded(): void {
    this.#failures = 0
  }

  failed(now = Date.now()): void {
    this.#failures++
    this.#closedUntil = now + PAUSE_MS
  }
}

const breakers = new WeakMap<Queue, Breaker>()

/** Returns this isolate's breaker for this queue. */
export function breakerOf(queue: Queue): Breaker {
  const breaker = breakers.get(queue) ?? new Breaker()
  breakers.set(queue, breaker)
  return breaker
}
