import { setTimeout as sleep } from 'node:timers/promises'

const PAUSE_MS = 20

/** Calls `ask` again and again until it returns true. Returns false if it has not after `withinMs`. */
export async function until(ask: () => boolean | Promise<boolean>, withinMs: number): Promise<boolean> {
  const deadline = Date.now() + withinMs
  while (!(await ask())) {
    if (Date.now() > deadline) return false
    await sleep(PAUSE_MS)
  }
  return true
}
