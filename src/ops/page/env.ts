import type { Context } from 'hono'
import { storableText } from '../../values.ts'

export interface Env {
  Bindings: object
  /** The name of the operator who is signed in. */
  Variables: { operator: string }
}

export type Call = Context<Env>

/** A value of the query or of a form, as the database can hold it. Null where nothing is given. */
export const given = (value: unknown) => (typeof value === 'string' ? storableText(value) : null)

/** The fields of a form. */
export async function fieldsOf(c: Call): Promise<Record<string, unknown>> {
  return await c.req.parseBody().catch(() => ({}))
}
