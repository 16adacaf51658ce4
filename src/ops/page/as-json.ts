import type { Context } from 'hono'
import { DatabaseUnavailable } from '../../db.ts'
import { type ExplainedEntry, inWords } from '../explain.ts'
import { readActions } from './actions.ts'
import { findDeliveries, LISTED } from './deliveries.ts'
import { readDelivery } from './delivery.ts'
import { readLookUp } from './look-up.ts'
import { readOverview } from './overview.ts'

/**
 * The readers of what each page shows, by the path below `/api/ops`. A page itself is at `/ops` and this path; the
 * overview is at `/ops`.
 */
export const readers: Record<string, (c: Context) => Promise<object>> = {
  overview: readOverview,
  deliveries: findDeliveries,
  'deliveries/:provider/:event': readDelivery,
  find: (c) => readLookUp(c),
  actions: readActions,
}

type Query = Record<string, string>

/**
 * What is wrong with a query, by field: a value that is not in the list would find nothing, without an error. The pages
 * do not need it, because their forms offer and require the right values.
 */
const wrongFields: Record<string, (query: Query) => [field: string, says: string[]][]> = {
  deliveries: (query) =>
    Object.entries(LISTED)
      .filter(([name, values]) => query[name] && !values.includes(query[name]))
      .map(([name, values]) => [name, [`is one of ${values.join(', ')}`]]),
  find: (query) => (query.id ? [] : [['id', ['is required']]]),
}

/** Returns what a page shows, as JSON, to an operator. It may contain an email address, so nothing may store it. */
export const asJson = (path: string, read: (c: Context) => Promise<object>) => async (c: Context) => {
  const wrong = wrongFields[path]?.(c.req.query()) ?? []
  if (wrong.length > 0) return c.json({ error: 'invalid_request', fields: Object.fromEntries(wrong) }, 400)
  try {
    const shown: { refused?: string; entries?: ExplainedEntry[] } = await read(c)
    if (shown.refused) return c.json({ error: shown.refused }, 404)
    const entries = shown.entries?.map((entry) => ({ ...entry, says: inWords(entry) }))
    return c.json({ ...shown, ...(entries && { entries }) }, 200, { 'Cache-Control': 'no-store' })
  } catch (error) {
    if (!(error instanceof DatabaseUnavailable && error.isRefusal)) throw error
    return c.json({ error: 'invalid_request', fields: { query: ['a value has the wrong form'] } }, 400)
  }
}
