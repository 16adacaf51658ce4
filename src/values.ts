import * as z from 'zod/mini'
import { once } from './once.ts'

/** An identifier of a provider. Printable ASCII, so that it is safe to store, to print and to compare. */
const ID = /^[\x21-\x7e]{1,255}$/
export const id = once(() =>
  z.string().check(z.regex(ID, 'takes 1 to 255 printable ASCII characters, and no space')),
)

/** The value, where it is an identifier, else null. */
export const idOf = (value: unknown): string | null =>
  typeof value === 'string' && ID.test(value) ? value : null

const YEAR_9999_MS = 253_402_300_799_999

/** A moment in milliseconds that both JavaScript and Postgres can hold, else null. */
export function instant(ms: unknown): Date | null {
  return typeof ms === 'number' && ms > 0 && ms <= YEAR_9999_MS ? new Date(Math.floor(ms)) : null
}

/** Text as Postgres can store it: NUL and lone surrogates, which JSON allows, are taken out. Null when nothing is left. */
export function storableText(text: string | null | undefined): string | null {
  return text?.replaceAll('\0', '').toWellFormed().trim() || null
}

/** The member of an unknown value, undefined where there is none. */
export function member(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined
}
