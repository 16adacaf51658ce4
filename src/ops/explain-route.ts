import type { Context } from 'hono'
import { connect } from '../db.ts'
import { settingsOf } from '../settings.ts'
import { idOf } from '../values.ts'
import { explain, inWords } from './explain.ts'

/** Explains to an operator why a balance is what it is, or what became of a payment or an event. */
export async function explanation(c: Context): Promise<Response> {
  const id = idOf(c.req.param('id'))
  if (id === null) {
    return c.json({ error: 'invalid_request', fields: { id: ['printable ASCII without spaces'] } }, 400)
  }
  const settings = settingsOf(c.env)
  const before = entryId(c.req.query('before'))
  if (before === undefined) {
    return c.json({ error: 'invalid_request', fields: { before: ['is no `next` of a page'] } }, 400)
  }
  const answer = await explain(connect(settings), id, before)
  if ('refused' in answer) return c.json({ error: answer.refused }, 404)
  const entries = answer.entries.map((entry) => ({ ...entry, says: inWords(entry) }))
  return c.json({ ...answer, entries })
}

/** Returns the id of an entry. Null if none is given, undefined if it is not one. */
function entryId(text: string | undefined): number | null | undefined {
  if (text === undefined) return null
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined
}
