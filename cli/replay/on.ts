import type { Client } from 'pg'
import { hashOf } from '../migrate/hash.ts'
import { migrate } from '../migrate/run.ts'
import { connectTo, hostOf } from '../shared/database.ts'
import { LocalError } from '../shared/errors.ts'
import type { Say } from './compare.ts'
import { type History, readDeleted, readHistory, readStored } from './history.ts'
import { keyOf, Player } from './play.ts'
import { type DifferingRow, differingRows, readRows, type Snapshot } from './rows.ts'
import type { Side } from './side.ts'

export interface Played {
  played: number
  /** What changes if the same deliveries arrive in another order, except for deleted users. It should be nothing. */
  shuffled: DifferingRow[]
  /** Stored rows that differ from the result of these deliveries today. */
  stored: DifferingRow[]
  unjudged: {
    erased: number
    without_payload: number
    /**
     * Users that are not compared, because a part of their history is gone, came by no delivery, or was settled by a
     * person.
     */
    users: number
  }
}

/**
 * Plays all stored deliveries into an empty database, as they were received and then shuffled, and compares both
 * results with each other and with the stored rows. It leaves the database empty. Throws a LocalError.
 */
export async function playOn(url: string, source: Client, side: Side, say: Say): Promise<Played> {
  await refuseUnlessEmpty(url)
  const history = await readHistory(source, new Date(0))
  const shuffled = {
    ...history,
    ids: history.ids.toSorted((a, b) => (shuffledOf(a) < shuffledOf(b) ? -1 : 1)),
  }
  const [inOrder, inDisorder] = [
    await playAll(url, source, side, history, say),
    await playAll(url, source, side, shuffled, say),
  ]
  const { incomplete, erased, withoutPayload: without_payload } = history
  const deleted = await readDeleted(source)
  const isMeant = (user: string) => !incomplete.has(user)
  return {
    played: history.ids.length,
    shuffled: differingRows(inOrder, inDisorder, (user) => isMeant(user) && !deleted.has(user)),
    stored: differingRows(await readRows(source), inOrder, isMeant),
    unjudged: { erased, without_payload, users: incomplete.size },
  }
}

/** Returns a sort key that does not depend on time, and is the same in each run. */
const shuffledOf = (id: { provider: string; event_id: string }) => hashOf(keyOf(id))

async function refuseUnlessEmpty(url: string): Promise<void> {
  const client = await connectTo(url, '--on')
  try {
    const { rows } = await client.query(`select from pg_namespace where nspname = 'ledgerhook'`)
    if (rows.length > 0)
      throw new LocalError(`${hostOf(url)} has a schema ledgerhook: --on takes an empty database`)
  } finally {
    await client.end().catch(() => {})
  }
}

/**
 * Returns the rows that the deliveries produce in this order, and leaves the database empty. It adds users that cannot
 * be compared to a set.
 */
async function playAll(
  url: string,
  source: Client,
  side: Side,
  { ids, incomplete }: History,
  say: Say,
): Promise<Snapshot> {
  const { migrations, functions } = side
  await migrate(url, { migrations, functions })
  const player = await Player.open(url)
  try {
    const { rows } = await source.query('select min(applied_at) as at from ledgerhook.migrations')
    await player.client.query('update ledgerhook.migrations set applied_at = $1', [rows[0].at])
    let count = 0
    for await (const stored of readStored(source, ids)) {
      await player.play(side.decide(stored), side)
      say('played', ++count)
    }
    await player.settle()
    const results = await player.results()
    for await (const stored of readStored(source, ids)) {
      const lacksSomething = results.get(keyOf(stored))?.outcome === 'parked' && stored.outcome !== 'parked'
      if (lacksSomething && stored.user_id) incomplete.add(stored.user_id)
    }
    return await readRows(player.client)
  } finally {
    await player.client.query('drop schema ledgerhook cascade')
    await player.close()
  }
}
