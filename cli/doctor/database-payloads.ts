import { counted } from '../shared/counted.ts'
import { type Check, pass, warn } from './check.ts'
import { mebibytes, rows } from './database.ts'

const DAY_MS = 24 * 60 * 60 * 1000
/** The number of pages that are read of a large table. */
const PAGES = 2_000

interface Stored {
  /** The number of bytes. It is estimated if the table is large. */
  payloads: string
  bytes: string
  /** When the oldest payload that may be deleted was settled. Null if there is none. */
  oldest: Date | null
}

/** Estimates the size from some of the pages. It does not read values that are stored out of line. */
const STORED = `
  with size as (
    select greatest(pg_relation_size('ledgerhook.webhook_events') / current_setting('block_size')::bigint, 1) as pages
  ), sample as (
    select count(payload) as payloads, coalesce(sum(pg_column_size(payload)), 0) as bytes
    from ledgerhook.webhook_events tablesample system ((select least(100, 100.0 * $1 / pages) from size))
  )
  select ceil(payloads * greatest(pages::numeric / $1, 1)) as payloads,
    ceil(bytes * greatest(pages::numeric / $1, 1)) as bytes,
    (select min(settled_at) from ledgerhook.webhook_events
      where payload is not null and outcome not in ('parked', 'rejected')) as oldest
  from sample, size`

/** Reports the stored payloads, and whether those that are too old are deleted. */
export const payloads: Check = {
  group: 'database',
  name: 'database-payloads',
  needs: ['DATABASE_URL'],
  costs: 'personal data is kept for longer than you have said',
  async run(context) {
    const days = context.settings.PAYLOAD_RETENTION_DAYS
    const [stored] = await rows<Stored>(context, STORED, [PAGES])
    if (!stored || stored.payloads === '0') return pass('no payload is stored')
    const age = stored.oldest && Math.floor((context.now() - stored.oldest.getTime()) / DAY_MS)
    const oldest =
      age === null ? '' : `; the oldest was settled ${age === 0 ? 'today' : `${counted(age, 'day')} ago`}`
    const kept = days === undefined ? 'PAYLOAD_RETENTION_DAYS is not set' : `kept for ${counted(days, 'day')}`
    const says = `${counted(Number(stored.payloads), 'payload')}, ${mebibytes(Number(stored.bytes))}${oldest}; ${kept}`
    // The task that deletes them runs once an hour.
    if (days === undefined || age === null || age <= days + 1) return pass(says)
    return warn(says, 'is the cron trigger on? See failing_task and late_task in docs/production.md')
  },
}
