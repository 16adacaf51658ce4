import { app } from './app.ts'
import { log } from './log.ts'
import { BUILD } from './ops/functions.gen.ts'
import { causeOf } from './ops/schedule.ts'
import { scheduledRun } from './ops/scheduled-run.ts'
import { consume } from './queue/consume.ts'
import type { Batch } from './queue/queue.ts'
import { running } from './running.ts'
import { Misconfigured } from './settings/misconfigured.ts'
import { settingsOf } from './settings.ts'

running.build = BUILD

export default {
  fetch: app.fetch,

  /** Runs every minute and does the background work that is due. `ops/tasks.ts` lists it. */
  async scheduled(_event: { scheduledTime: number }, env: object): Promise<void> {
    try {
      await scheduledRun(settingsOf(env))
    } catch (error) {
      const cause = error instanceof Misconfigured ? error.message : causeOf(error)
      log({ message: 'scheduled run failed', level: 'error', cause })
      throw error
    }
  },

  /**
   * Consumes what was sent to the queue `SPILL` while the database was away or overloaded, and the dead letters of that
   * queue.
   */
  async queue(batch: Batch, env: object): Promise<void> {
    await consume(batch, env)
  },
}
