import { statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { LocalError } from '../../cli/shared/errors.ts'
import { type Corner, openCorner } from '../arena/arena.ts'
import { type HotEvent, hotEvents } from '../arena/deliveries.ts'
import { assertOutcome, bring, deliver, newUsers } from '../arena/subjects.ts'
import { type Filling, fill, filledUsers } from '../ground/fill.ts'
import { startGatewayThread } from '../ground/gateway.ts'
import type { Ground } from '../ground/ground.ts'
import { median } from '../statistics.ts'

/** The p50 of deliveries that are sent one at a time, milliseconds. */
export interface GrowthRow {
  event: string
  small: number
  large: number
  overSmall: number
}

const SMALL: Filling = { ledgerRows: 1_000, waitingRows: 200 }
/** The name of the larger database that `measureGrowth` leaves. */
export const LARGE = 'large'

const BYTES_PER_LEDGER_ROW = 1_600
const BYTES_PER_WAITING_ROW = 3_000
const WARM_UP = 20

/** Measures the same deliveries on the small and the large database in turn. */
export async function measureGrowth(
  ground: Ground,
  filling: Filling,
  samples: number,
  onStep: (says: string) => void,
): Promise<GrowthRow[]> {
  const { ledgerRows, waitingRows } = filling
  await assertDiskSpace(ledgerRows * BYTES_PER_LEDGER_ROW + waitingRows * BYTES_PER_WAITING_ROW)
  for (const [name, size] of [
    ['small', SMALL],
    [LARGE, filling],
  ] as const) {
    await ground.createDatabase(name, 'ours')
    await fill(ground.databaseUrl(name), size, onStep)
    onStep(
      `${size.ledgerRows.toLocaleString('en')} ledger entries, ${size.waitingRows.toLocaleString('en')} parked`,
    )
  }
  const gateway = await startGatewayThread(ground)
  const small = await openCorner(ground, gateway, 'ledgerhook', 'small')
  const large = await openCorner(ground, gateway, 'ledgerhook', LARGE)
  try {
    const rows: GrowthRow[] = []
    for (const [turn, hot] of hotEvents.entries()) {
      rows.push(await measureEvent(hot, small, large, usersFor(hot, ledgerRows, samples + WARM_UP, turn)))
      onStep(`small and large in turn: ${hot.name}`)
    }
    return rows
  } finally {
    for (const part of [small, large, gateway]) await part.stop()
  }
}

/** Returns users of all ages from the large database, or new ones if the event is about a new user. */
function usersFor({ name }: HotEvent, ledgerRows: number, count: number, turn: number): string[] {
  const isNew = name === 'user created' || name === 'first top-up'
  return isNew ? newUsers(count) : filledUsers(ledgerRows, count, turn * count)
}

async function measureEvent(
  hot: HotEvent,
  small: Corner,
  large: Corner,
  users: string[],
): Promise<GrowthRow> {
  const taken = { small: [] as number[], large: [] as number[] }
  await bring(hot, users, small)
  await bring(hot, users, large)
  for (const [round, user] of users.entries()) {
    const turns = round % 2 === 0 ? (['small', 'large'] as const) : (['large', 'small'] as const)
    for (const turn of turns) {
      const { answers } = await deliver([hot.event(user)], turn === 'small' ? small : large, 1)
      assertOutcome(hot.name, hot.outcome, answers)
      if (round >= WARM_UP) taken[turn].push(...answers.map(({ ms }) => ms))
    }
  }
  const p50 = { small: median(taken.small), large: median(taken.large) }
  return { event: hot.name, ...p50, overSmall: p50.large / p50.small }
}

async function assertDiskSpace(bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(tmpdir())
  if (bavail * bsize > bytes) return
  const gigabytes = Math.ceil(bytes / 1e9)
  throw new LocalError(
    `this needs ${gigabytes} GB in ${tmpdir()}: set TMPDIR to another directory, or ask for fewer --ledger-rows`,
  )
}
