import type { Context } from 'hono'
import { storableText } from '../../values.ts'

/** Where the page's styles and scripts are: files of the folder `assets`, which the Worker hands out itself. */
interface Assets {
  fetch(request: Request): Promise<Response>
}

export interface Env {
  Bindings: { ASSETS?: Assets }
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
