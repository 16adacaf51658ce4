import { Webhook } from 'svix'
import { afterEach, beforeEach, expect, vi } from 'vitest'
import { connect } from '../../src/db.ts'
import type { AlertMessage } from '../../src/ops/alert-message.ts'
import { checkAlerts } from '../../src/ops/alerts.ts'
import { Budget } from '../../src/ops/budget.ts'
import { TASK_NAMES } from '../../src/ops/tasks.ts'
import { settingsOf } from '../../src/settings.ts'
import { logged } from './engine-support.ts'
import { type Env, query, runScheduled, settings } from './support.ts'

export const ALERT_WEBHOOK_URL = 'https://hooks.example.com/services/alerts'
export const ALERT_WEBHOOK_SECRET = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'
export const TELLING_ALERTS = { ALERT_WEBHOOK_URL, ALERT_WEBHOOK_SECRET }

/** A change of an alert, such as `opened parked_age unknown_user`. */
export type Change = string

/** Checks all alerts once. Returns the logged changes of these alerts. */
export async function check(env: Env = {}, fetcher?: typeof fetch): Promise<Change[]> {
  const all = settingsOf({ ...settings, ...env })
  const lines = await logged(() =>
    checkAlerts({ settings: all, db: connect(all), budget: new Budget(100, fetcher), taskNames: TASK_NAMES }),
  )
  return lines.filter(({ message }) => message === 'alert').map(inWords)
}

export const inWords = ({ change, alert, about }: Record<string, unknown>): Change =>
  [change, alert, about].filter((word) => word).join(' ')

/** Lets time pass for every alert. */
export const alertsAge = (minutes: number) =>
  query(
    `update alerts set since = since - $1 * interval '1 minute', opened_at = opened_at - $1 * interval '1 minute',
       closed_at = closed_at - $1 * interval '1 minute', below_since = below_since - $1 * interval '1 minute',
       next_repeat_at = next_repeat_at - $1 * interval '1 minute'`,
    [minutes],
  )

/** Lets time pass for the tasks of the scheduled run. */
export const tasksAge = (minutes: number) =>
  query(
    `update tasks set next_at = next_at - $1 * interval '1 minute',
       leased_until = leased_until - $1 * interval '1 minute', last_good_at = last_good_at - $1 * interval '1 minute'`,
    [minutes],
  )

/** Moves all counts this many hours into the past. */
export async function countsAge(hours: number): Promise<void> {
  await runScheduled({}, 'roll_up')
  await query(
    `update rates set at = at - $1 * interval '1 hour', first_at = first_at - $1 * interval '1 hour',
    last_at = last_at - $1 * interval '1 hour'`,
    [hours],
  )
  await query(`update query_times set at = at - $1 * interval '1 hour'`, [hours])
  await query(
    `update webhook_events set received_at = received_at - $1 * interval '1 hour' where received_at > now() - interval '2 hours'`,
    [hours],
  )
}

export const alertRow = async (name: string, about = '') =>
  (await query('select * from alerts where name = $1 and about = $2', [name, about]))[0]

/** Makes the isolate forget its cached state, by a later moment. */
let now = Date.now()
export function later(ms: number): void {
  now += ms
  vi.spyOn(Date, 'now').mockImplementation(() => now)
}

/** Clears the data center's cache of sent alerts. */
export async function untold(): Promise<void> {
  later(1_000_000)
  const { default: cache } = caches as unknown as { default: Cache }
  for (const alert of ['database_away', 'run_late'])
    await cache.delete(`https://ledgerhook.internal/alerts/${alert}`)
}

/** Deletes every alert, and what causes one. */
export async function calm(): Promise<void> {
  await runScheduled({}, 'roll_up')
  await query('truncate alerts, alert_messages, sightings, rates, tallies, query_times, parked_ages')
  await query(`update webhook_events set received_at = received_at - interval '40 days', outcome = 'ignored',
    reason = 'no_effect', settled_at = now()`)
  await query('delete from waiting')
  await query('delete from differences')
  await query('update subscriptions set cancel_due_at = null, double_since = null')
  await query('update erasures set done_at = now() where done_at is null')
  await query('update tasks set failures = 0, leased_until = null, last_good_at = now()')
}

export type Told = AlertMessage & { text: string; headerId: string }

/** Stands in for the receiver at ALERT_WEBHOOK_URL, new in each test. It verifies every signature. */
export function alertReceiver() {
  const one = {
    told: [] as Told[],
    inits: [] as RequestInit[],
    beats: 0,
    says: (() => new Response('ok')) as (told: Told) => Response | Promise<Response>,
  }
  beforeEach(() => {
    Object.assign(one, { told: [], inits: [], beats: 0, says: () => new Response('ok') })
    const real = globalThis.fetch
    vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
      if (String(input).endsWith('/beat')) {
        one.beats++
        return new Response('ok')
      }
      if (String(input) !== ALERT_WEBHOOK_URL) return await real(input, init)
      const headers = Object.fromEntries(new Headers(init?.headers))
      const { 'webhook-id': id = '', 'webhook-timestamp': at } = headers
      // Compared, as a test may be ahead of the clock.
      const signed = new Webhook(ALERT_WEBHOOK_SECRET).sign(
        id,
        new Date(Number(at) * 1_000),
        String(init?.body),
      )
      expect([signed, undefined]).toContain(headers['webhook-signature'])
      const told = { headerId: headers['webhook-id'], ...JSON.parse(String(init?.body)) }
      one.told.push(told)
      one.inits.push(init ?? {})
      return await one.says(told)
    })
  })
  afterEach(() => void vi.restoreAllMocks())
  return one
}
