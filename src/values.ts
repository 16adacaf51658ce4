import * as z from 'zod/mini'
import { once } from './once.ts'

/** An identifier of a provider: printable ASCII, so that it is safe to store, to print and to compare. */
const ID = /^[\x21-\x7e]{1,255}$/
export const id = once(() =>
  z.string().check(z.regex(ID, 'takes 1 to 255 printable ASCII characters, and no space')),
)

/** Returns the value if it is an identifier, else null. */
export const idOf = (value: unknown): string | null =>
  typeof value === 'string' && ID.test(value) ? value : null

const YEAR_9999_MS = 253_402_300_799_999

/** Returns the moment if both JavaScript and Postgres can hold it, else null. @param ms milliseconds since 1970 */
export function instant(ms: unknown): Date | null {
  return typeof ms === 'number' && ms > 0 && ms <= YEAR_9999_MS ? new Date(Math.floor(ms)) : null
}

const MOMENT = /^((?!0000)\d{4}-\d\d-\d\d)(T\d\d:\d\d(:\d\d(\.\d{1,30})?)?)?(Z|[+-](0\d|1[0-5]):[0-5]\d)?$/

/**
 * Returns a moment in ISO 8601 as JavaScript and Postgres both take it, in UTC unless it has an offset. Null if the text
 * is none. Postgres knows no year 0000, and no offset of 16 hours.
 */
export function momentOf(text: string): string | null {
  const [, day, time = 'T00:00', , , offset = 'Z'] = MOMENT.exec(text) ?? []
  // JavaScript takes the 30th of February for a day of March, Postgres for none.
  if (day === undefined || !isDay(day)) return null
  const iso = `${day}${time}${offset}`
  return Number.isNaN(Date.parse(iso)) ? null : iso
}

function isDay(day: string): boolean {
  const ms = Date.parse(`${day}T00:00Z`)
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(day)
}

/**
 * Returns text that Postgres can store, without NUL and lone surrogates, which JSON allows. Null if nothing is left.
 */
export function storableText(text: string | null | undefined): string | null {
  return text?.replaceAll('\0', '').toWellFormed().trim() || null
}

/** Returns this member of an unknown value, or undefined if there is none. */
export function member(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined
}
