import type { Context } from 'hono'
import { html } from 'hono/html'
import { call, connect } from '../../db.ts'
import { providers } from '../../providers.ts'
import { settingsOf } from '../../settings.ts'
import { OUTCOMES, REASONS, unsettledReasons } from '../../webhook/outcome.ts'
import { deliveryLink } from './actions.ts'
import { type Call, given } from './env.ts'
import { type Content, field, found, frame, moment, select, table } from './html.ts'
import { type ShownDelivery, verdictOf, waitsFor } from './shown.ts'

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

/** Returns the deliveries that match the query, the newest first. @throws DatabaseUnavailable */
export async function findDeliveries(c: Context): Promise<Found> {
  const query = (name: string) => given(c.req.query(name))
  const [before_at, before_id] = [query('before_at'), query('before_id')]
  const filters = {
    id: query('id'),
    user_id: query('user_id'),
    outcome: query('outcome'),
    reason: query('reason'),
    provider: query('provider'),
    type: query('type'),
    since: utc(query('since')),
    until: utc(query('until')),
  }
  return await call(connect(settingsOf(c.env)), 'find_deliveries', [
    {
      ...filters,
      reasons: unsettledReasons,
      before: before_at && [before_at, before_id ?? ''],
      most: MOST,
    },
  ])
}

/** Shows these deliveries. @throws DatabaseUnavailable */
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

/** Returns a moment of a form, which has no offset, as UTC. */
const utc = (local: string | null) => local && (/Z$|[+-]\d\d:\d\d$/.test(local) ? local : `${local}Z`)

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
