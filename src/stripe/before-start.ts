import type { Effect } from '../db.ts'
import type { Settings } from '../settings.ts'
import { member } from '../values.ts'
import { ignoredFor } from './record-for-customer.ts'

type Since = Pick<Settings, 'CREDIT_SINCE'>

/** Whether Stripe created this object before `CREDIT_SINCE`: then another system has credited what it sold. */
export const isBeforeStart = (object: unknown, settings: Since): boolean => ageAtStart(object, settings) < 0

const DAY_MS = 86_400_000
/** A bank debit may take weeks, and Checkout creates the invoice of a session only once that is paid. */
const LATEST_MS = 30 * DAY_MS

/** Returns when Stripe created it, in Unix seconds, or null if it does not say so. */
export function createdOf(object: unknown): number | null {
  const created = member(object, 'created')
  return Number.isSafeInteger(created) ? (created as number) : null
}

/**
 * Whether a session from before `CREDIT_SINCE` may have made this PaymentIntent or invoice, which is never older than
 * its session, and not much younger. Null if the setting is not set.
 */
export function mayBeOfEarlierSession(object: unknown, settings: Since): boolean | null {
  if (settings.CREDIT_SINCE === undefined) return null
  const age = ageAtStart(object, settings)
  return age >= 0 && age < LATEST_MS
}

/** Returns the milliseconds from `CREDIT_SINCE` to its creation, or NaN if one of the two is not known. */
function ageAtStart(object: unknown, { CREDIT_SINCE }: Since): number {
  const created = member(object, 'created')
  if (CREDIT_SINCE === undefined || typeof created !== 'number') return Number.NaN
  return created * 1000 - Date.parse(CREDIT_SINCE)
}

/** Credits nothing, and ends the waiting of this event's effect. */
export const beforeStart = (event: unknown): Effect => ignoredFor(event, 'before_start')
