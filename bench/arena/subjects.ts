import type { Vars } from '../../local/dev-vars.ts'
import { type Event, type HotEvent, sign } from './deliveries.ts'
import { type Answered, postAll } from './load.ts'

/** How many deliveries are sent at once by a measure that sends many. */
export const AT_A_TIME = 16

/** A Worker that receives deliveries. */
export interface Receiver {
  url: string
  secrets: Vars
}

let made = 0

/** Returns ids of users that no other part of this run uses. */
export function newUsers(count: number): string[] {
  const batch = made++
  return Array.from({ length: count }, (_, index) => `user_${batch.toString(36)}x${index.toString(36)}`)
}

/** Delivers to Ledgerhook what must precede the event, for these users. */
export async function bring(
  hot: HotEvent,
  users: string[],
  ledgerhook: Receiver,
  atATime = AT_A_TIME,
): Promise<void> {
  const histories = users.map((user) => hot.before(user))
  for (let step = 0; histories.some((history) => step < history.length); step++) {
    const events = histories.flatMap((history) => history[step] ?? [])
    const { answers } = await deliver(events, ledgerhook, atATime)
    assertOutcome(`before ${hot.name}`, 'applied', answers)
  }
}

/** Signs all events first, then sends them, so that signing is not measured. */
export async function deliver(
  events: Event[],
  { url, secrets }: Receiver,
  atATime: number,
): Promise<{ answers: Answered[]; ms: number }> {
  const requests = await Promise.all(events.map((event) => sign(event, url, secrets)))
  return await postAll(requests, atATime)
}

/** Throws when a response has another outcome: a Worker that did not do its work must not look fast. */
export function assertOutcome(what: string, wanted: string, answers: Answered[]): void {
  const other = answers.find(({ outcome }) => outcome !== wanted)
  if (other) throw new Error(`${what}: ${other.outcome} instead of ${wanted}`)
}
