import type { Vars } from '../../local/dev-vars.ts'
import { once } from '../../src/once.ts'
import { startGatewayThread } from '../ground/gateway.ts'
import type { Ground } from '../ground/ground.ts'
import { heldBytes } from '../ground/heap.ts'
import { startWorkerd } from '../ground/workerd.ts'

/** The Worker in workerd behind a gateway, with its own database. The Worker can be restarted. */
export interface World {
  /** It changes when the Worker restarts. */
  url(): string
  pid(): number
  /**
   * Collects the Worker's garbage, and returns the bytes that its heap then contains. Throws while the Worker restarts.
   */
  heldBytes(): Promise<number>
  secrets: Vars
  gatewayUrl: string
  databaseUrl: string
  /** Kills workerd, awaits `meanwhile`, and starts it again. */
  restartWorker(meanwhile: () => Promise<void>): Promise<void>
  stop(): Promise<void>
}

/** Nothing here calls Stripe or Clerk. A scheduled run may do everything that is due. */
const SETTINGS = {
  RECONCILE: 'off',
  CANCEL_ON_DELETION: 'false',
  USER_DELETION: 'delete',
  RUN_SUBREQUESTS: '1000',
}

/** Opens a world whose database has this name. Its bundle is the Worker's, plus a route that starts a scheduled run. */
export async function openWorld(ground: Ground, database: string): Promise<World> {
  const { path: bundlePath } = await ground.bundle('backlog')
  await ground.createDatabase(database, 'ours')
  const databaseUrl = ground.databaseUrl(database)
  const gateway = await startGatewayThread(ground)
  const settings = {
    ...ground.settings,
    ...SETTINGS,
    DATABASE_URL: databaseUrl,
    NEON_FETCH_ENDPOINT: gateway.url,
  }
  const start = async () => ground.holds(await startWorkerd({ bundlePath, settings, inspector: true }))
  let worker = await start()
  const stop = once(async () => {
    await worker.stop()
    await gateway.stop()
  })
  return ground.holds({
    url: () => worker.url,
    pid: () => worker.pid,
    async heldBytes() {
      const { url } = worker
      return await heldBytes(worker, async () => await (await fetch(`${url}/api/health`)).text())
    },
    secrets: ground.settings,
    gatewayUrl: gateway.url,
    databaseUrl,
    async restartWorker(meanwhile) {
      await worker.stop()
      await meanwhile()
      worker = await start()
    },
    stop,
  })
}

/** Starts a scheduled run, as a clock does in production. Returns false when it failed. */
export async function startRun({ url }: World): Promise<boolean> {
  const response = await fetch(`${url()}/run`).catch(() => null)
  await response?.text().catch(() => null)
  return response?.ok ?? false
}
