import type { Context } from 'hono'
import { html } from 'hono/html'
import { call, connect } from '../../db.ts'
import { settingsOf } from '../../settings.ts'
import { readQuery } from '../query.ts'
import { position } from '../query-forms.ts'
import type { Call } from './env.ts'
import { type Content, found, frame, moment, table } from './html.ts'

/** A row of `operator_actions`. */
export interface Action {
  at: string
  operator: string
  action: string
  provider: string | null
  /** The object that differs, if the action is `settle_difference`. */
  event_id: string | null
  user_id: string | null
  amount: number | null
  note: string | null
}

const MOST = 100

/** Returns what operators have done, the newest first. @throws WrongQuery, DatabaseUnavailable */
export async function readActions(c: Context): Promise<{ actions: Action[]; next: number | null }> {
  const { before: before_id } = readQuery(c, { before: position })
  return await call(connect(settingsOf(c.env)), 'operator_actions_page', [{ before_id, most: MOST }])
}

/** Shows what operators have done. @throws WrongQuery, DatabaseUnavailable */
export async function actions(c: Call) {
  const { actions, next } = await readActions(c)
  return frame(c, 'Actions', [
    actionsTable(actions),
    next !== null && html`<p><a href="?before=${next}">Older</a>`,
  ])
}

export const actionsTable = (actions: Action[]): Content =>
  table(
    'What operators have done',
    ['When (UTC)', 'Who', 'What', 'About', 'Note'],
    actions.map((one) => [
      moment(one.at),
      one.operator,
      [one.action, one.amount !== null && ` ${one.amount}`],
      [aboutOf(one), ' ', found(one.user_id)],
      one.note,
    ]),
  )

const aboutOf = ({ action, provider, event_id }: Action): Content =>
  event_id && (action === 'settle_difference' ? found(event_id) : deliveryLink(provider, event_id))

export const deliveryLink = (provider: string | null, event: string): Content =>
  html`<a href="/ops/deliveries/${provider}/${encodeURIComponent(event)}">${event}</a>`
