import type { Context } from 'hono'
import { LONGEST_NOTE } from '../../limits.ts'
import { storableText } from '../../values.ts'
import { WrongQuery } from '../query.ts'

export interface Env {
  Bindings: object
  /** The name of the operator who is signed in. */
  Variables: { operator: string }
}

export type Call = Context<Env>

/** Returns a value of the query or of a form in a form that the database can store. Null if there is none. */
export const given = (value: unknown) => (typeof value === 'string' ? storableText(value) : null)

/** Returns the note of a form, or null if there is none. @throws WrongQuery if it is longer than the API takes */
export function noteOf(fields: Record<string, unknown>): string | null {
  const note = given(fields.note)
  if (note === null || note.length <= LONGEST_NOTE) return note
  throw new WrongQuery({ note: [`takes at most ${LONGEST_NOTE} characters: nothing was changed`] })
}

/** Returns the fields of a form. */
export async function fieldsOf(c: Call): Promise<Record<string, unknown>> {
  return await c.req.parseBody().catch(() => ({}))
}
