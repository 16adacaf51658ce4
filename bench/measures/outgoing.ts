import { LocalError } from '../../cli/shared/errors.ts'
import { serveHttp } from '../../local/http-server.ts'
import { until } from '../../local/until.ts'
import { type Corner, openCorner } from '../arena/arena.ts'
import { type HotEvent, hotEvents } from '../arena/deliveries.ts'
import { assertOutcome, bring, deliver, newUsers } from '../arena/subjects.ts'
import { type BenchGateway, startGatewayThread } from '../ground/gateway.ts'
import type { Ground } from '../ground/ground.ts'
import { median } from '../statistics.ts'

/** The figures of one Worker, which sends events to an app or does not. */
export interface OutgoingFigures {
  /** p50, milliseconds, as the sender of the delivery sees it. */
  p50: number
  /** Requests and statements that the database sees, per delivery, before the response and after it. */
  requests: number
  statements: number
  /** Rows of the outbox that a delivery leaves. */
  rows: number
}

export interface OutgoingRow {
  event: string
  /** The functions `tell` and `tell_entry` do nothing, as if there were no outbox. */
  without: OutgoingFigures
  /** EVENTS_URL is unset. */
  unset: OutgoingFigures
  /** EVENTS_URL is set, and the app responds at once. */
  set: OutgoingFigures
}

const CASES = ['without', 'unset', 'set'] as const
type Case = (typeof CASES)[number]

/** Fewer if fewer are measured. */
const WARM_UP = 20
/** Longer than the delivery of an event takes here. */
const SOON_MS = 10_000

/** Replaces the functions that write the outbox by functions that do nothing. Signatures stay. */
const NO_OUTBOX = `
  create or replace function ledgerhook.tell(about text, event_type text, told_fact text, details jsonb) returns void
    language plpgsql as 'begin end';
  create or replace function ledgerhook.tell_entry(entry ledgerhook.credit_ledger) returns void
    language plpgsql as 'begin end'`

const OUTBOX = `select (select count(*) from ledgerhook.outgoing_events)
  + (select count(*) from ledgerhook.outgoing_queues) as rows,
  (select count(*) from ledgerhook.outgoing_events where state = 'open') as open`

/** Sends the same deliveries, one at a time and without added latency, to Workers that differ in their events. */
export async function measureOutgoing(
  ground: Ground,
  samples: number,
  onStep: (says: string) => void,
): Promise<OutgoingRow[]> {
  const app = ground.holds(
    await serveHttp(
      (request, response) => {
        request.resume()
        response.writeHead(204).end()
      },
      { port: 0, flag: 'none: the system chooses it' },
    ),
  )
  const gateway = await startGatewayThread(ground)
  const open = async (name: Case, more = {}) => {
    await ground.createDatabase(`outbox_${name}`, 'ours')
    return await openCorner(ground, gateway, 'ledgerhook', `outbox_${name}`, more)
  }
  const workers: Record<Case, Corner> = {
    without: await open('without'),
    unset: await open('unset'),
    set: await open('set', { EVENTS_URL: `${app.url}/hooks`, LOW_BALANCE: '100,20' }),
  }
  await workers.without.database.query(NO_OUTBOX)
  try {
    const rows: OutgoingRow[] = []
    for (const hot of hotEvents) {
      rows.push(await measureEvent(hot, workers, gateway, samples))
      onStep(`with and without outgoing events: ${hot.name}`)
    }
    return rows
  } finally {
    for (const part of [...Object.values(workers), gateway, app]) await part.stop()
  }
}

async function measureEvent(
  hot: HotEvent,
  workers: Record<Case, Corner>,
  gateway: BenchGateway,
  samples: number,
): Promise<OutgoingRow> {
  const warmUp = Math.min(WARM_UP, samples)
  const users = newUsers(samples + warmUp)
  const before = { without: 0, unset: 0, set: 0 }
  for (const name of CASES) {
    await bring(hot, users, workers[name])
    before[name] = await settled(workers[name])
  }
  const taken = { without: [] as number[], unset: [] as number[], set: [] as number[] }
  const seen = { without: [0, 0], unset: [0, 0], set: [0, 0] }
  for (const [round, user] of users.entries()) {
    for (const name of CASES.map((_, n) => CASES[(n + round) % CASES.length] as Case)) {
      await gateway.takeStats()
      const { answers } = await deliver([hot.event(user)], workers[name], 1)
      assertOutcome(`${hot.name}, ${name}`, hot.outcome, answers)
      await settled(workers[name])
      const { requests, statements } = await gateway.takeStats()
      seen[name] = [(seen[name][0] ?? 0) + requests, (seen[name][1] ?? 0) + statements]
      if (round >= warmUp) taken[name].push(...answers.map(({ ms }) => ms))
    }
  }
  const of = async (name: Case): Promise<OutgoingFigures> => {
    const [requests = 0, statements = 0] = seen[name].map((count) => count / users.length)
    const rows = ((await settled(workers[name])) - before[name]) / users.length
    return { p50: median(taken[name]), requests, statements, rows }
  }
  return { event: hot.name, without: await of('without'), unset: await of('unset'), set: await of('set') }
}

/** Waits until all events are sent. Returns the number of rows in the outbox. */
async function settled({ database }: Corner): Promise<number> {
  let rows = 0
  const done = await until(async () => {
    const { rows: found } = await database.query<{ rows: string; open: string }>(OUTBOX)
    rows = Number(found[0]?.rows)
    return Number(found[0]?.open) === 0
  }, SOON_MS)
  if (!done) throw new LocalError('an event was not sent at once')
  return rows
}
