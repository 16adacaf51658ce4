import type { Context } from 'hono'
import { DatabaseUnavailable } from '../../db.ts'
import { type ExplainedEntry, inWords } from '../explain.ts'
import { WrongQuery } from '../query.ts'
import { readActions } from './actions.ts'
import { FILTERS, findDeliveries } from './deliveries.ts'
import { readDelivery } from './delivery.ts'
import { readLookUp } from './look-up.ts'
import { readOverview } from './overview.ts'

/** Returns what a page shows. */
interface Reader {
  read(c: Context): Promise<object>
  /** The fields of its query, if it has any. */
  fields?: string[]
}

/**
 * The readers of what each page shows, by the path below `/api/ops`. A page itself is at `/ops` and this path; the
 * overview is at `/ops`.
 */
export const readers: Record<string, Reader> = {
  overview: { read: readOverview },
  deliveries: { read: findDeliveries, fields: Object.keys(FILTERS) },
  'deliveries/:provider/:event': { read: readDelivery },
  find: { read: (c) => readLookUp(c), fields: ['id', 'before'] },
  actions: { read: readActions, fields: ['before'] },
}

/** Returns what a page shows, as JSON, to an operator. It may contain an email address, so nothing may store it. */
export const asJson = (read: Reader['read']) => async (c: Context) => {
  try {
    const shown: { refused?: string; entries?: ExplainedEntry[] } = await read(c)
    if (shown.refused) return c.json({ error: shown.refused }, 404)
    const entries = shown.entries?.map((entry) => ({ ...entry, says: inWords(entry) }))
    return c.json({ ...shown, ...(entries && { entries }) }, 200, { 'Cache-Control': 'no-store' })
  } catch (error) {
    if (error instanceof WrongQuery) return c.json({ error: 'invalid_request', fields: error.fields }, 400)
    if (!(error instanceof DatabaseUnavailable && error.isRefusal)) throw error
    return c.json({ error: 'invalid_request', fields: { query: ['a value has the wrong form'] } }, 400)
  }
}
