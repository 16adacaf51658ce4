import { html } from 'hono/html'
import { call, connect } from '../../db.ts'
import { tellingAfter } from '../../outgoing/after.ts'
import { providers } from '../../providers.ts'
import { type Settings, settingsOf } from '../../settings.ts'
import type { Stored } from '../../webhook/due.ts'
import { lookAgain } from '../../webhook/release.ts'
import { inWords } from '../attention.ts'
import { refusal } from './delivery.ts'
import { type Call, fieldsOf, given, noteOf } from './env.ts'
import {
  act,
  type Content,
  frame,
  hidden,
  list,
  moment,
  noteField,
  optionalNote,
  whatActionsDo,
} from './html.ts'
import { meaning, verdictOf } from './shown.ts'

/** The most deliveries that one click settles. */
const SETTLED = 200
/** The most deliveries that one click processes again: each may take three requests, which Cloudflare limits. */
const lookedAt = ({ RUN_SUBREQUESTS }: Settings) => Math.min(100, Math.floor((RUN_SUBREQUESTS - 6) / 3))
/** The most bytes of all bodies that are taken at once. */
const BODIES_BYTES = 4_000_000

interface Count {
  count: number
  oldest: string | null
  newest: string | null
}

/**
 * Shows what is parked or rejected for one reason: how many deliveries, and what can be done about all of them.
 * @throws DatabaseUnavailable
 */
export async function bulk(
  c: Call,
  says?: Content,
  goOn?: Content,
  fields: Record<string, unknown> = c.req.query(),
) {
  const settings = settingsOf(c.env)
  const of = { outcome: given(fields.outcome) ?? '', reason: given(fields.reason) ?? '' }
  const { count, oldest, newest } = await call<Count>(connect(settings), 'count_unsettled', [of])
  const all = [hidden('outcome', of.outcome), hidden('reason', of.reason), hidden('until', newest ?? '')]
  const some = (most: number) => {
    if (count > most) return `the first ${most} of ${inWords(count)}`
    return count === 1 ? 'it' : `all ${count}`
  }
  return frame(
    c,
    verdictOf(of),
    [
      list({
        Deliveries: inWords(count),
        Meaning: meaning(of.outcome, of.reason),
        'Oldest (UTC)': moment(oldest),
        'Newest (UTC)': moment(newest),
      }),
      html`<p><a href="/ops/deliveries?outcome=${of.outcome}&reason=${of.reason}">List them</a>`,
      goOn,
      count > 0 && [
        whatActionsDo(),
        act('/ops/bulk', `Look again at ${some(lookedAt(settings))}`, [
          ...all,
          hidden('do', 'look_again'),
          optionalNote(),
        ]),
        act('/ops/bulk', `Settle ${some(SETTLED)} by hand`, [...all, hidden('do', 'settle'), noteField()]),
      ],
    ],
    says,
  )
}

/** Performs an action on a bite of all that was counted. @throws DatabaseUnavailable */
export async function actOnMany(c: Call) {
  const fields = await fieldsOf(c)
  const settings = settingsOf(c.env)
  const db = tellingAfter(c, settings)
  const note = noteOf(fields)
  const of = {
    operator: c.get('operator'),
    outcome: given(fields.outcome),
    reason: given(fields.reason),
    until: given(fields.until),
    note,
  }
  if (fields.do === 'settle') {
    const { settled, refused } = await call<{ settled: number; refused?: string }>(
      db,
      'settle_many_for_operator',
      [{ ...of, most: SETTLED }],
    )
    return await bulk(c, refused ? refusal(refused) : `Settled: ${settled}.`, undefined, fields)
  }
  const [after_at, after_id] = [given(fields.after_at), given(fields.after_id)]
  const { due, next } = await call<{ due: Stored[]; next: [string, string] | null }>(
    db,
    'take_many_for_operator',
    [
      {
        ...of,
        after: after_at && [after_at, after_id ?? ''],
        most: lookedAt(settings),
        bytes: BODIES_BYTES,
      },
    ],
  )
  const became: Record<string, number> = {}
  for (const one of due) {
    const committed = await lookAgain(providers, one, settings, db)
    const verdict = committed ? verdictOf(committed) : 'unchanged'
    became[verdict] = (became[verdict] ?? 0) + 1
  }
  const says = Object.entries(became).map(([verdict, count]) => `${count} ${verdict}`)
  const goOn =
    next &&
    act('/ops/bulk', 'Look at the next ones', [
      ...['outcome', 'reason', 'until', 'do', 'note'].map((name) => hidden(name, given(fields[name]) ?? '')),
      hidden('after_at', next[0]),
      hidden('after_id', next[1]),
    ])
  return await bulk(c, `Looked again at ${due.length}: ${says.join(', ') || 'none was left'}.`, goOn, fields)
}
