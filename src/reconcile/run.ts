import { ProviderTrouble } from '../provider-trouble.ts'
import type { Settings } from '../settings.ts'
import { absentWalk, isMissedAtClerk, isOurInstance, usersWalk } from './clerk-walks.ts'
import { eventsWalk } from './events-walk.ts'
import type { Cursor, Pass, Step, Walk } from './pass.ts'
import { paymentsWalk } from './payments-walk.ts'
import { listWalk, unsettledWalk } from './stripe-walks.ts'
import { forgetOld } from './watch.ts'
import type { Difference } from './words.ts'

/**
 * What provides a subject comes before what waits for it: users, customers, payments, and then what came back of them.
 */
const ALL: Walk[] = [
  usersWalk,
  listWalk('customers'),
  listWalk('sessions'),
  listWalk('subscriptions'),
  listWalk('invoices'),
  listWalk('invoicePayments'),
  listWalk('intents'),
  listWalk('refunds'),
  listWalk('disputes'),
  unsettledWalk,
  paymentsWalk,
  eventsWalk,
  absentWalk,
]

const WHOLE_ONLY = [unsettledWalk, paymentsWalk, absentWalk]

/**
 * Returns all walks, or those of one provider if `only` names it. A recent pass leaves out walks that have no window,
 * and those that take a request for each payment.
 */
export function walksOf(
  { recent }: Pick<Pass, 'recent'>,
  settings: Settings,
  only?: 'clerk' | 'stripe',
): Walk[] {
  return ALL.filter((walk) => only === undefined || walk.provider === only)
    .filter((walk) => walk.provider === 'stripe' || settings.CLERK_SECRET_KEY)
    .filter((walk) => walk !== absentWalk || isMissedAtClerk(settings))
    .filter((walk) => !recent || !WHOLE_ONLY.includes(walk))
}

/** Returns why a walk has to be left out, or null if nothing prevents it. @throws ProviderTrouble */
export async function whyNot(pass: Pass, walk: Walk): Promise<string | null> {
  if (walk.provider === 'stripe') return null
  const isOurs = await isOurInstance(pass)
  if (isOurs === false) return 'CLERK_SECRET_KEY is of another instance than CLERK_INSTANCE_ID'
  if (isOurs === null && walk.name === absentWalk.name)
    return 'without CLERK_INSTANCE_ID nobody counts as deleted at Clerk'
  return null
}

export const START: Cursor = {}

/** What a pass compared, and what it could not see. */
export interface Report {
  /** How many objects of each walk were compared. */
  looked: Record<string, number>
  unseen: { walk: string; why: string }[]
}

/** How often a provider may be busy or unavailable before the pass ends. */
const TRIES = 8

/**
 * Runs one pass to its end. It waits if a provider asks for that, and stores nothing of what it has compared.
 * @param onFound receives the differences, page by page; an object more than once, if several walks meet it
 * @param onStep receives how many objects of the walk have been compared
 * @throws ProviderTrouble of the kind `missing`, or once a provider has failed eight times; DatabaseUnavailable
 */
export async function runPass(
  pass: Pass,
  walks: Walk[],
  onFound: (found: Difference[]) => void,
  onStep: (walk: string, looked: number) => void = () => {},
  pauseMs = 1_000,
): Promise<Report> {
  const report: Report = { looked: {}, unseen: [] }
  for (const walk of walks) {
    const why = await patiently(() => whyNot(pass, walk), pauseMs)
    if (why !== null) report.unseen.push({ walk: walk.name, why })
    let looked = 0
    let cursor: Cursor | null = why === null ? START : null
    while (cursor !== null) {
      const from: Cursor = cursor
      const step: Step | string = await patiently(() => walk.step(pass, from), pauseMs)
      if (typeof step === 'string') report.unseen.push({ walk: walk.name, why: step })
      cursor = typeof step === 'string' ? null : step.next
      if (typeof step === 'string') continue
      onFound(step.found)
      looked += step.looked
      onStep(walk.name, looked)
    }
    report.looked[walk.name] = looked
  }
  if (pass.fixes) await forgetOld(pass)
  return report
}

/**
 * Retries failures that may pass. If the key may not read this, returns that as the reason.
 * @throws ProviderTrouble of the kind `missing`, or once a provider has failed eight times
 */
export async function patiently<T>(act: () => Promise<T>, pauseMs: number): Promise<T | string> {
  for (let tries = 1; ; tries++) {
    try {
      return await act()
    } catch (error) {
      if (!(error instanceof ProviderTrouble)) throw error
      if (error.kind === 'denied') return `the key may not read this (${error.message})`
      // A missing object does not appear by waiting.
      if (error.kind === 'missing' || tries === TRIES) throw error
      const wait = error.retryAfterS === null ? pauseMs * 2 ** (tries - 1) : error.retryAfterS * 1_000
      await new Promise((resolve) => setTimeout(resolve, wait))
    }
  }
}
