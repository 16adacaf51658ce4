import { setTimeout as sleep } from 'node:timers/promises'

const PAUSE_MS = 20

/** Asks again and again until the answer is yes. Returns false when it still is no after `withinMs`. */
export async function until(ask: () => boolean | Promise<boolean>, withinMs: number): Promise<boolean> {
  const deadline = Date.now() + withinMs
  while (!(await ask())) {
    if (Date.now() > deadline) return false
    await sleep(PAUSE_MS)
  }
  return true
}
