import { DatabaseUnavailable } from '../db.ts'
import { log } from '../log.ts'
import type { Settings } from '../settings.ts'
import { endDirectly, tellDirectly } from './direct-alerts.ts'
import { runTasks } from './schedule.ts'

const HEARTBEAT_MS = 5_000

/**
 * Makes a scheduled run and reports it: by a heartbeat if it ended well, by an alert if it could not begin.
 * @throws DatabaseUnavailable if it could not begin
 */
export async function scheduledRun(settings: Settings): Promise<void> {
  try {
    const good = await runTasks(settings)
    await endDirectly(settings, 'database_away')
    if (good) await beat(settings)
  } catch (error) {
    if (error instanceof DatabaseUnavailable) await tellDirectly(settings, 'database_away')
    throw error
  }
}

/**
 * Requests `HEARTBEAT_URL`. The service there notices when the requests stop, for instance because the Worker is gone.
 */
async function beat({ HEARTBEAT_URL }: Settings): Promise<void> {
  if (!HEARTBEAT_URL) return
  try {
    const signal = AbortSignal.timeout(HEARTBEAT_MS)
    const response = await fetch(HEARTBEAT_URL, { redirect: 'manual', signal })
    await response.body?.cancel()
    if (!response.ok) log({ message: 'heartbeat', level: 'warn', status: response.status })
  } catch (error) {
    log({ message: 'heartbeat', level: 'warn', cause: error instanceof Error ? error.name : 'unknown' })
  }
}
