import type { Context } from 'hono'
import { explain, inWords } from './explain.ts'
import { connect } from '../db.ts'
import { settingsOf } from '../settings.ts'
import { id as anyId } from '../values.ts'

/** For an operator: why a balance is what it is, or what became of a payment or an event. */
export async function explanation(c: Context): Promise<Response> {
  const id = anyId.safeParse(c.req.param('id')).data
  if (id === undefined) {
    return c.json({ error: 'invalid_request', fields: { id: ['printable ASCII without spaces'] } }, 400)
  }
  const settings = settingsOf(c.env)
  const answer = await explain(connect(settings), id)
  if ('refused' in answer) return c.json({ error: answer.refused }, 404)
  const entries = answer.entries.map((entry) => ({ ...entry, says: inWords(entry) }))
  return c.json({ ...answer, entries })
}
