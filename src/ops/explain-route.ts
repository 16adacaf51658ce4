import type { Context } from 'hono'
import { connect } from '../db.ts'
import { settingsOf } from '../settings.ts'
import { idOf } from '../values.ts'
import { explain, inWords } from './explain.ts'
import { position } from './query-forms.ts'

/** Explains to an operator why a balance is what it is, or what became of a payment or an event. */
export async function explanation(c: Context): Promise<Response> {
  const id = idOf(c.req.param('id'))
  if (id === null) {
    return c.json({ error: 'invalid_request', fields: { id: ['printable ASCII without spaces'] } }, 400)
  }
  const settings = settingsOf(c.env)
  const given = c.req.query('before')
  const before = given === undefined ? null : position.read(given)
  if (given !== undefined && before === null) {
    return c.json({ error: 'invalid_request', fields: { before: [position.wrong] } }, 400)
  }
  const answer = await explain(connect(settings), id, before === null ? null : Number(before))
  if ('refused' in answer) return c.json({ error: answer.refused }, 404)
  const entries = answer.entries.map((entry) => ({ ...entry, says: inWords(entry) }))
  return c.json({ ...answer, entries })
}
