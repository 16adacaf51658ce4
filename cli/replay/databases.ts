import { createDatabase } from '../../local/postgres/query.ts'
import { startTemporaryPostgres } from '../../local/temporary-postgres.ts'
import { migrate } from '../migrate/run.ts'
import { Player } from './play.ts'
import type { Side } from './side.ts'

/** Databases that only this process uses: one for each side, migrated by that side's checkout. */
export interface Databases {
  players: Player[]
  stop(): Promise<void>
}

export async function startDatabases(sides: Side[]): Promise<Databases> {
  const postgres = await startTemporaryPostgres('replay')
  const players: Player[] = []
  const stop = async () => {
    for (const player of players) await player.close()
    await postgres.stop()
  }
  try {
    const names = new Map<string, string>()
    for (const [place, side] of sides.entries()) {
      const [name, { functions, migrations }] = [`side_${place}`, side]
      const same = names.get(functions)
      await createDatabase(postgres.url('postgres'), name, same)
      if (same === undefined) await migrate(postgres.url(name), { migrations, functions })
      names.set(functions, name)
    }
    for (const place of sides.keys()) players.push(await Player.open(postgres.url(`side_${place}`)))
    return { players, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
