import type { Effect } from '../db.ts'
import type { Settings } from '../settings.ts'
import { member } from '../values.ts'
import { ignoredFor } from './record-for-customer.ts'

type Since = Pick<Settings, 'CREDIT_SINCE'>

/** Whether this object of Stripe's was created before `CREDIT_SINCE`: another system has credited what it sold. */
export const isBeforeStart = (object: unknown, settings: Since): boolean => ageAtStart(object, settings) < 0

const DAY_MS = 86_400_000
/** A bank debit may take weeks, and Checkout makes the invoice of a session once that is paid. */
const LATEST_MS = 30 * DAY_MS

/** When Stripe created it, in Unix seconds. Null where it does not say. */
export function createdOf(object: unknown): number | null {
  const created = member(object, 'created')
  return Number.isSafeInteger(created) ? (created as number) : null
}

/**
 * Whether a session from before `CREDIT_SINCE` may have made this PaymentIntent or invoice: it is never older than its
 * session, and not much younger. Null where the setting is not there.
 */
export function mayBeOfEarlierSession(object: unknown, settings: Since): boolean | null {
  if (settings.CREDIT_SINCE === undefined) return null
  const age = ageAtStart(object, settings)
  return age >= 0 && age < LATEST_MS
}

/** Milliseconds from `CREDIT_SINCE` to when it was created. NaN where one of the two is not known. */
function ageAtStart(object: unknown, { CREDIT_SINCE }: Since): number {
  const created = member(object, 'created')
  if (CREDIT_SINCE === undefined || typeof created !== 'number') return Number.NaN
  return created * 1000 - Date.parse(CREDIT_SINCE)
}

/** Nothing is credited, and what waited of this event waits no more. */
export const beforeStart = (event: unknown): Effect => ignoredFor(event, 'before_start')
