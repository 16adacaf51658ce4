import type { Fault as GatewayFault } from '../../local/gateway/faults.ts'
import { connectTo } from '../ground/database.ts'
import type { Ground } from '../ground/ground.ts'
import type { World } from './world.ts'

export interface Fault {
  name: string
  /** Whether a measured process restarts. */
  restarts: boolean
  /** Breaks something, awaits `meanwhile`, and repairs it. */
  strike(meanwhile: () => Promise<void>): Promise<void>
}

/** Returns all faults in their order. */
export function faultsOf(ground: Ground, world: World): Fault[] {
  const byGateway = (name: string, fault: GatewayFault): Fault => ({
    name,
    restarts: false,
    async strike(meanwhile) {
      await setFault(world, fault)
      await meanwhile()
      await setFault(world, 'none')
    },
  })
  return [
    byGateway('connections dropped before the statement', 'before'),
    byGateway('connections dropped after the commit', 'after_commit'),
    byGateway('connections dropped in the middle of the response', 'half_answer'),
    byGateway('statements that time out: no response', 'hang'),
    {
      name: 'statements that time out: tables locked',
      restarts: false,
      strike: (meanwhile) => lockTables(world, meanwhile),
    },
    byGateway('a compute that cannot be reached', 'unavailable'),
    { name: 'Postgres restarted', restarts: true, strike: ground.restartPostgres },
    { name: 'workerd restarted', restarts: true, strike: world.restartWorker },
  ]
}

async function setFault({ gatewayUrl }: World, always: GatewayFault): Promise<void> {
  const body = JSON.stringify({ always })
  await fetch(new URL('/faults', gatewayUrl), { method: 'POST', body })
}

const LOCK = 'begin; lock table ledgerhook.wallets, ledgerhook.webhook_events in access exclusive mode'
const DEADLOCK = '40P01'

/**
 * Locks the tables: every write waits for the lock, until the Worker times out and the gateway cancels the statement.
 */
async function lockTables({ databaseUrl }: World, meanwhile: () => Promise<void>): Promise<void> {
  const session = await connectTo(databaseUrl)
  // The tables are locked one after the other. A verb that holds the second may wait for the first, and either may be
  // refused.
  for (let isLocked = false; !isLocked; )
    isLocked = await session.query(LOCK).then(
      () => true,
      async (error: { code?: string }) => {
        if (error.code !== DEADLOCK) throw error
        await session.query('rollback')
        return false
      },
    )
  await meanwhile()
  await session.end()
}
