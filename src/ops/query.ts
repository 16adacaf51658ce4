import type { Context, MiddlewareHandler } from 'hono'
import { storableText } from '../values.ts'
import type { Form } from './query-forms.ts'

/** A query that cannot be understood: what is wrong, by field. */
export class WrongQuery extends Error {
  override name = 'WrongQuery'
  readonly fields: Record<string, string[]>

  constructor(fields: Record<string, string[]>) {
    super('wrong query')
    this.fields = fields
  }
}

/**
 * Refuses a query with another field than these: a filter with a mistake in its name would find everything. Other
 * routes, and the pages of `/ops`, ignore what they do not know.
 */
export const takesOnly =
  (names?: string[]): MiddlewareHandler =>
  async (c, next) => {
    const others = Object.keys(c.req.query()).filter((name) => names && !names.includes(name))
    if (others.length === 0) return await next()
    const fields = Object.fromEntries(others.map((name) => [name, ['is not a field here']]))
    return c.json({ error: 'invalid_request', fields }, 400)
  }

/** Returns the values of these fields of the query, each null if it is not there. @throws WrongQuery */
export function readQuery<Name extends string>(c: Context, forms: Record<Name, Form>) {
  const wrong: [string, string[]][] = []
  const values = Object.entries<Form>(forms).map(([name, form]) => {
    const text = storableText(c.req.query(name))
    const value = text === null ? null : form.read(text)
    if (text !== null && value === null) wrong.push([name, [form.wrong]])
    return [name, value]
  })
  if (wrong.length > 0) throw new WrongQuery(Object.fromEntries(wrong))
  return Object.fromEntries(values) as Record<Name, string | null>
}
