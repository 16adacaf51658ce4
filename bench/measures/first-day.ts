import { type Corner, openCorner } from '../arena/arena.ts'
import { signUp, topUp } from '../arena/deliveries.ts'
import { AT_A_TIME, assertOutcome, deliver, newUsers } from '../arena/subjects.ts'
import { NO_VACUUM } from '../ground/bulk.ts'
import { startGatewayThread } from '../ground/gateway.ts'
import type { Ground } from '../ground/ground.ts'
import { median } from '../statistics.ts'

/**
 * Top-ups on tables that were analyzed while empty and have grown since, compared with tables that were never analyzed.
 */
export interface FirstDay {
  /** The p50 of the last top-ups, one at a time, milliseconds. */
  analyzed: number
  never: number
  overNever: number
  /** The number of top-ups before. */
  topUps: number
  /** The number of complete table scans meanwhile, and the rows that they read, if the tables were analyzed. */
  scans: number
  rowsScanned: number
}

const CASES = ['analyzed', 'never'] as const
type Case = (typeof CASES)[number]

const SCANS = `select coalesce(sum(seq_scan), 0)::bigint as scans, coalesce(sum(seq_tup_read), 0)::bigint as rows
  from pg_stat_user_tables where schemaname = 'ledgerhook'`

/**
 * Sends this many top-ups, then samples. Nothing is analyzed meanwhile, as on a first day before the first autoanalyze.
 */
export async function measureFirstDay(
  ground: Ground,
  { topUps, samples }: { topUps: number; samples: number },
  onStep: (says: string) => void,
): Promise<FirstDay> {
  const gateway = await startGatewayThread(ground)
  const open = async (name: Case) => {
    await ground.createDatabase(`first_day_${name}`, 'ours')
    const corner = await openCorner(ground, gateway, 'ledgerhook', `first_day_${name}`)
    await corner.database.query(NO_VACUUM)
    if (name === 'analyzed') await corner.database.query('vacuum analyze')
    return corner
  }
  const corners: Record<Case, Corner> = { analyzed: await open('analyzed'), never: await open('never') }
  try {
    const before = await scansOf(corners.analyzed)
    const users = newUsers(Math.ceil(topUps / 4))
    for (const name of CASES) {
      await send(users.map(signUp), corners[name])
      for (let n = 0; n < 4; n++)
        await send(
          users.map((user) => topUp(user, n)),
          corners[name],
        )
    }
    onStep(
      `${topUps} top-ups on tables that were analyzed while empty, and as many on tables that never were`,
    )
    const taken = { analyzed: [] as number[], never: [] as number[] }
    for (const [round, user] of users.slice(0, samples).entries()) {
      for (const name of round % 2 === 0 ? CASES : CASES.toReversed()) {
        const { answers } = await deliver([topUp(user, 4)], corners[name], 1)
        assertOutcome('first day', 'applied', answers)
        taken[name].push(...answers.map(({ ms }) => ms))
      }
    }
    const after = await scansOf(corners.analyzed)
    const [analyzed, never] = [median(taken.analyzed), median(taken.never)]
    return {
      analyzed,
      never,
      overNever: analyzed / never,
      topUps: users.length * 4,
      scans: after.scans - before.scans,
      rowsScanned: after.rows - before.rows,
    }
  } finally {
    for (const part of [...Object.values(corners), gateway]) await part.stop()
  }
}

async function send(events: Parameters<typeof deliver>[0], corner: Corner): Promise<void> {
  const { answers } = await deliver(events, corner, AT_A_TIME)
  assertOutcome('first day', 'applied', answers)
}

/** Reads the number of scans. Sessions report it when they are idle, after at most a second. */
async function scansOf({ database }: Corner): Promise<{ scans: number; rows: number }> {
  let last = ''
  for (;;) {
    await database.query('select pg_stat_clear_snapshot()')
    const { rows } = await database.query<{ scans: string; rows: string }>(SCANS)
    const [found] = rows
    if (last === JSON.stringify(found)) return { scans: Number(found?.scans), rows: Number(found?.rows) }
    last = JSON.stringify(found)
    await new Promise((resolve) => setTimeout(resolve, 1_500))
  }
}
