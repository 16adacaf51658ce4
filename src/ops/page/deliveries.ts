import type { Context } from 'hono'
import { html } from 'hono/html'
import { call, connect } from '../../db.ts'
import { providers } from '../../providers.ts'
import { settingsOf } from '../../settings.ts'
import { OUTCOMES, REASONS, unsettledReasons } from '../../webhook/outcome.ts'
import type { ShownDelivery } from '../explain.ts'
import { readQuery, WrongQuery } from '../query.ts'
import { anything, moment as momentIn, oneOf } from '../query-forms.ts'
import { deliveryLink } from './actions.ts'
import type { Call } from './env.ts'
import { type Content, field, found, frame, moment, select, table } from './html.ts'
import { verdictOf, waitsFor } from './shown.ts'

const MOST = 50

/** The filters that take one of a list. */
export const LISTED = {
  provider: Object.keys(providers),
  outcome: Object.keys(OUTCOMES),
  reason: REASONS,
}

interface Found {
  deliveries: ShownDelivery[]
  next: [string, string] | null
  searched_to: string | null
}

/** The fields of the query. */
export const FILTERS = {
  id: anything,
  user_id: anything,
  outcome: oneOf(LISTED.outcome),
  reason: oneOf(LISTED.reason),
  provider: oneOf(LISTED.provider),
  type: anything,
  since: momentIn,
  until: momentIn,
  before_at: momentIn,
  before_id: anything,
}

/** Returns the deliveries that match the query, the newest first. @throws WrongQuery, DatabaseUnavailable */
export async function findDeliveries(c: Context): Promise<Found> {
  const { before_at, before_id, ...filters } = readQuery(c, FILTERS)
  if (before_id !== null && before_at === null)
    throw new WrongQuery({ before_at: ['is required with before_id'] })
  const before = before_at && [before_at, before_id ?? '']
  const facts = { ...filters, reasons: unsettledReasons, before, most: MOST }
  return await call(connect(settingsOf(c.env)), 'find_deliveries', [facts])
}

/** Shows these deliveries. @throws WrongQuery, DatabaseUnavailable */
export async function deliveries(c: Call) {
  const { deliveries, next, searched_to } = await findDeliveries(c)
  const [at, id] = next ?? [searched_to, '']
  return frame(c, 'Deliveries', [
    filterForm(c),
    table(
      'Deliveries',
      ['Received (UTC)', 'Event', 'Outcome', 'User', 'Waits for'],
      deliveries.map((one) => [
        moment(one.received_at),
        [`${one.provider} ${one.type ?? '(no type)'} `, deliveryLink(one.provider, one.event)],
        verdictOf(one),
        found(one.user_id),
        waitsFor(one),
      ]),
    ),
    searched_to && html`<p>Searched back to ${moment(searched_to)}. There may be older ones.`,
    at && html`<p><a href="${olderThan(c, at, id)}">Older</a>`,
  ])
}

function olderThan(c: Call, at: string, id: string): string {
  const url = new URL(c.req.url)
  url.searchParams.set('before_at', at)
  url.searchParams.set('before_id', id)
  return url.search
}

function filterForm(c: Call): Content {
  const now = (name: string) => c.req.query(name) ?? ''
  const text = (label: string, name: string) => field(label, name, now(name))
  const time = (label: string, name: string) =>
    field(label, name, now(name), html`type="datetime-local" step="1"`)
  return html`<form>${[
    select('Provider', 'provider', LISTED.provider, now('provider')),
    text('Type', 'type'),
    select('Outcome', 'outcome', LISTED.outcome, now('outcome')),
    select('Reason', 'reason', LISTED.reason.toSorted(), now('reason')),
    text('User', 'user_id'),
    text('Id of the event or its object', 'id'),
    time('From (UTC)', 'since'),
    time('To (UTC)', 'until'),
  ]} <button>Filter</button></form>`
}
