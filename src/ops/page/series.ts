import { html } from 'hono/html'
import type { Rate } from '../rates.ts'
import { type Content, moment, table } from './html.ts'

/** An hour or a day. */
export type Slot = Rate & {
  at: string
  /** Null if too many entries have come since then to be summed. */
  credits_in: number | null
  credits_out: number | null
}

/** Columns by heading. Those of one list are drawn in one plot. */
const COLUMNS: Record<string, (slot: Slot) => number | null>[] = [
  {
    Applied: ({ outcomes }) => outcomes.applied ?? 0,
    'Duplicate, stale': ({ outcomes }) => (outcomes.duplicate ?? 0) + (outcomes.stale ?? 0),
    Ignored: ({ outcomes }) => outcomes.ignored ?? 0,
    Parked: ({ outcomes }) => outcomes.parked ?? 0,
    Rejected: ({ outcomes }) => outcomes.rejected ?? 0,
    'Refused, 5xx': ({ refused, unavailable }) => refused + unavailable,
  },
  {
    'Error rate, %': ({ error_rate }) => percent(error_rate),
    'Fallback rate, %': ({ fallback_rate }) => percent(fallback_rate),
  },
  { 'Database p95, ms': ({ database_p95_ms }) => database_p95_ms },
  { 'Credits in': ({ credits_in }) => credits_in, 'Credits out': ({ credits_out }) => credits_out },
  { 'Oldest parked, h': ({ oldest_parked_hours }) => oldest_parked_hours },
]

const percent = (part: number | null) => part && Math.round(part * 10_000) / 100

/**
 * Returns the numbers of a period as a table. A script draws them, and then collapses the table. Each moment leads to
 * what came in its slot.
 */
export function series(caption: string, slots: Slot[], slotMs: number): Content {
  const columns = COLUMNS.flatMap((plot) => Object.entries(plot))
  const plots = COLUMNS.map((plot) => Object.keys(plot).length).join()
  const rows = slots.map((slot) => [receivedIn(slot.at, slotMs), ...columns.map(([, of]) => of(slot))])
  return html`<h2>${caption}</h2><details open><summary>Numbers</summary>${table(caption, ['Since (UTC)', ...columns.map(([head]) => head)], rows, plots)}</details>`
}

/** Returns the beginning of a slot, as a link to the deliveries that were received in it. */
function receivedIn(at: string, slotMs: number): Content {
  const start = Date.parse(at)
  // Without an offset, as the filter's own fields take it.
  const [since, until] = [start, start + slotMs].map((ms) => new Date(ms).toISOString().slice(0, 19))
  return html`<a href="/ops/deliveries?since=${since}&until=${until}">${moment(at)}</a>`
}
