import { describe, expect, it } from 'vitest'
import { tasks } from '../../src/ops/tasks.ts'
import { logged, makeDue, makeOnlyDue, scheduled } from './engine-support.ts'
import { TELLING } from './outgoing-support.ts'
import { type Env, query } from './support.ts'

const TASKS = tasks.map(({ name }) => name)

/** The database function that each task calls first. */
const FIRST_CALL: Record<string, string> = {
  release_arrived: 'release_arrived',
  retry_due: 'take_due',
  erase_payloads: 'erase_payloads',
  mark_orphans: 'mark_orphans',
  cancel_orphans: 'take_orphans',
  give_up: 'give_up',
  expire_payloads: 'expire_payloads',
  attention: 'attention',
  find_overlooked: 'find_overlooked',
  remember_account: 'read_stripe_account',
  use_addresses: 'use_known_addresses',
  reconcile: 'begin_pass',
  roll_up: 'roll_up',
  check_alerts: 'check_alerts',
  send_alerts: 'take_alert_messages',
  send_events: 'take_outgoing',
}

/** Settings with which every task has something to do. */
const BUSY: Env = {
  ...TELLING,
  PAYLOAD_RETENTION_DAYS: '30',
  ALERT_WEBHOOK_URL: 'http://127.0.0.1:9/alerts',
  SIGNUP_BONUS_ONCE_PER: 'email',
  RECONCILE: 'report',
}

interface Turn {
  name: string
  failures: number
  /** Seconds until the next turn. */
  in_s: number
  leased: boolean
  good_s: number | null
}
const turns = async () =>
  new Map(
    (
      await query<Turn>(`select name, failures, extract(epoch from next_at - now())::integer as in_s,
        leased_until is not null as leased, extract(epoch from now() - last_good_at)::integer as good_s from tasks`)
    ).map((turn) => [turn.name, turn]),
  )

describe('a task that fails', () => {
  it.each(TASKS)('%s delays no other, and itself later and later', async (name) => {
    const broken = FIRST_CALL[name]
    await makeOnlyDue(...TASKS)
    await query('update tasks set last_good_at = null, cursor = null')
    await query(`alter function ${broken}(jsonb) rename to ${broken}_away`)
    try {
      for (const [failures, in_s] of [
        [1, 60],
        [2, 120],
        [3, 240],
      ] as const) {
        const lines = await logged(() => scheduled(BUSY))
        expect(lines).toContainEqual(
          expect.objectContaining({ message: 'task failed', task: name, cause: '42883' }),
        )
        const now = await turns()
        for (const other of TASKS.filter((other) => other !== name))
          expect([other, now.get(other)?.failures, now.get(other)?.good_s]).toEqual([other, 0, 0])
        const failed = now.get(name)
        expect([failed?.failures, failed?.leased, failed?.good_s]).toEqual([failures, false, null])
        const everyS = tasks.find((task) => task.name === name)?.everyS ?? 0
        expect(Math.abs((failed?.in_s ?? 0) - Math.max(in_s, everyS))).toBeLessThan(3)
        await makeDue(...TASKS)
      }
    } finally {
      await query(`alter function ${broken}_away(jsonb) rename to ${broken}`)
    }
    await scheduled(BUSY)
    expect((await turns()).get(name)).toMatchObject({ failures: 0, good_s: 0 })
  })
})

describe('a lease', () => {
  it('keeps a task from every other run until it has run out, and is taken over then', async () => {
    await makeOnlyDue('attention')
    await query(`update tasks set last_good_at = null, leased_until = now() + interval '1 minute'`)
    await scheduled()
    expect((await turns()).get('attention')).toMatchObject({ good_s: null, leased: true })
    await query(`update tasks set leased_until = now() - interval '1 second'`)
    await scheduled()
    expect((await turns()).get('attention')).toMatchObject({ good_s: 0, leased: false })
  })

  it('is ended by its run, whatever became of the task', async () => {
    await makeOnlyDue(...TASKS)
    await scheduled()
    for (const [name, { leased, in_s }] of await turns())
      expect([name, leased, in_s > 40]).toEqual([name, false, true])
  })
})

describe('tasks that never end', () => {
  /** Every bite leaves a mark, and reports that there is more. */
  async function endless(): Promise<void> {
    await query(
      'create table if not exists public.bites (name text, at timestamptz default clock_timestamp())',
    )
    const answers: Record<string, object> = {
      release_arrived: { released: [], more: true },
      take_due: [],
      erase_payloads: { kept: [], more: true },
      mark_orphans: { marked: 0, more: true, since: null },
      take_orphans: [],
      give_up: { given_up: 0, more: true },
      expire_payloads: { expired: 5, more: true },
      attention: [],
      find_overlooked: { overlooked: 0, after: ['a', 'b', 'c'] },
      read_stripe_account: { account: null, livemode: null, since: null },
      use_known_addresses: { after: 'user_1' },
      begin_pass: { account: null, livemode: null, since: null },
      take_outgoing: [],
      roll_up: { until: '2026-01-01', more: false },
      check_alerts: { changes: [], asks: false, critical: 0 },
      take_alert_messages: [],
    }
    for (const [name, answer] of Object.entries(answers)) {
      await query(`create or replace function ${name}(facts jsonb) returns jsonb language plpgsql security definer as $$
        begin insert into public.bites values ('${name}'); return '${JSON.stringify(answer)}'; end $$`)
    }
  }

  it.each<[string, Env, number]>([
    ['as shipped', {}, 3],
    ['with ten requests', { RUN_SUBREQUESTS: '10' }, 8],
  ])(
    '%s: each has its turn within a few runs, though all others have more to do',
    async (_name, env, runs) => {
      await endless()
      await query('truncate public.bites')
      await makeOnlyDue(...TASKS)
      await query('update tasks set next_at = now(), cursor = null')
      for (let run = 0; run < runs; run++) await scheduled({ ...BUSY, ...env })
      const bites = await query<{ name: string }>(
        'select name from public.bites group by name order by min(at)',
      )
      expect(bites.map(({ name }) => name).sort()).toEqual(Object.values(FIRST_CALL).sort())
    },
  )

  it('have turns of about the same number, the longer it goes on', async () => {
    await endless()
    await query('truncate public.bites')
    await makeOnlyDue(...TASKS)
    for (let run = 0; run < 30; run++) await scheduled({ ...TELLING, RUN_SUBREQUESTS: '20' })
    const bites = await query<{ name: string; number: number }>(
      'select name, count(*)::integer as number from public.bites group by name',
    )
    const endlessOnes = bites.filter(({ number }) => number > 2).map(({ name, number }) => [name, number])
    const shares = new Map(tasks.map(({ name, share }) => [FIRST_CALL[name], share]))
    expect(endlessOnes).toHaveLength(5)
    const inTurns = endlessOnes.map(([name, number]) => Number(number) / (shares.get(String(name)) ?? 1))
    expect(Math.max(...inTurns) / Math.min(...inTurns)).toBeLessThan(3)
  })
})
