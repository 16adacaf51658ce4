import * as z from 'zod/mini'
import { LONGEST_NOTE, MAX_CREDITS } from '../limits.ts'
import { id, storableText } from '../values.ts'

/** An id or a key that the caller gives. */
export const name = () => id().check(z.describe('Printable ASCII without spaces, at most 255 characters'))

/** Credits that one call moves. */
export const amount = () => wholeNumber(1, MAX_CREDITS).check(z.describe('Credits'))

/** A whole number within limits. One message says what is wrong with it: the first. */
export const wholeNumber = (minimum: number, maximum: number, number = z.number()) =>
  number.check(z.minimum(minimum, { abort: true }), z.maximum(maximum, { abort: true }), z.int())

/** Text that stays in the ledger. */
export const note = () =>
  z.pipe(
    z.string().check(z.maxLength(LONGEST_NOTE)),
    z.transform((text) => storableText(text)),
  )

/** The user whose id is in the path. */
export const userParams = () => z.object({ id: id().check(z.describe('Clerk’s user id')) })
