import type { Context } from 'hono'
import { storableText } from '../../values.ts'

export interface Env {
  Bindings: object
  /** The name of the operator who is signed in. */
  Variables: { operator: string }
}

export type Call = Context<Env>

/** Returns a value of the query or of a form in a form that the database can store. Null if there is none. */
export const given = (value: unknown) => (typeof value === 'string' ? storableText(value) : null)

/** Returns the fields of a form. */
export async function fieldsOf(c: Call): Promise<Record<string, unknown>> {
  return await c.req.parseBody().catch(() => ({}))
}
