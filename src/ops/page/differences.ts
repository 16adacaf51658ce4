import { call, connect } from '../../db.ts'
import { KINDS, SETTLED_BY_HAND } from '../../reconcile/words.ts'
import { settingsOf } from '../../settings.ts'
import { type Call, fieldsOf, given, noteOf } from './env.ts'
import { act, type Content, found, hidden, moment, noteField, table } from './html.ts'

/** A difference that a scheduled comparison has confirmed, and that nobody has settled. */
export interface Difference {
  provider: string
  object: string
  kind: keyof typeof KINDS
  user_id: string | null
  /** Credits that would move. */
  credits: number | null
  reason: string | null
  reported_at: string
}

/** Returns what differs, each with a form if only a person can deal with it. */
export const differencesTable = (differences: Difference[]): Content =>
  table(
    'Differences from Stripe and Clerk',
    ['Object', 'What differs', 'User', 'Credits', 'Reported (UTC)', 'Once you have dealt with it'],
    differences.map(({ object, kind, user_id, credits, reason, reported_at }) => [
      found(object),
      [KINDS[kind].says, reason && ` (${reason})`],
      found(user_id),
      credits,
      moment(reported_at),
      SETTLED_BY_HAND.includes(kind) &&
        act('/ops/differences', 'Settle', [hidden('object', object), noteField()]),
    ]),
  )

const REFUSED: Record<string, string> = {
  not_found: 'It does not differ any more: nothing was changed.',
  already_final: 'It was settled already: nothing was changed.',
  is_fixable: 'It differs in another way now, which is not for a person: nothing was changed.',
  missing_note: 'A note is required: nothing was changed.',
}

/** Settles the difference of the form. Returns the result in words. @throws DatabaseUnavailable */
export async function settleDifference(c: Call): Promise<string> {
  const fields = await fieldsOf(c)
  const facts = {
    operator: c.get('operator'),
    object: given(fields.object),
    kinds: SETTLED_BY_HAND,
    note: noteOf(fields),
  }
  const db = connect(settingsOf(c.env))
  const settled = await call<{ refused?: string }>(db, 'settle_difference_for_operator', [facts])
  if (settled.refused) return REFUSED[settled.refused] ?? settled.refused
  return `Settled: ${facts.object} is not reported any more, until it differs in another way.`
}
