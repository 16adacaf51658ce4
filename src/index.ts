import { app, providers } from './app.ts'
import { connect, type Database, DatabaseUnavailable } from './db.ts'
import { Misconfigured, type Settings, settingsOf } from './settings.ts'
import { cancelOrphans } from './stripe/cancel-orphans.ts'
import { countOrphans } from './subscriptions/orphans.ts'
import { reportAttention } from './ops/attention.ts'
import { log } from './log.ts'
import { giveUpUnknown } from './webhook/parked.ts'
import { releaseParked } from './webhook/release.ts'

export default {
  fetch: app.fetch,

  /**
   * Every minute: what is parked is tried again, and what runs for deleted users is cancelled.
   * Every hour: what waits for a person is named in the log.
   */
  async scheduled({ scheduledTime }: { scheduledTime: number }, env: object): Promise<void> {
    const isFullHour = new Date(scheduledTime).getUTCMinutes() === 0
    try {
      const settings = settingsOf(env)
      const db = connect(settings)
      const tasks = [
        releaseParked(providers, settings, db),
        cancelOrphans(settings, db),
        ...(isFullHour ? [hourly(settings, db)] : []),
      ]
      for (const task of await Promise.allSettled(tasks)) if (task.status === 'rejected') throw task.reason
    } catch (error) {
      log({ message: 'scheduled run failed', level: 'error', cause: causeOf(error) })
      throw error
    }
  },
}

async function hourly(settings: Settings, db: Database): Promise<void> {
  await giveUpUnknown(db, settings.USER_DELETION === 'delete')
  await reportAttention(db, { live_subscription_of_deleted_user: await countOrphans(db) })
}

/** Our own messages hold codes and names of settings; those of libraries may hold what they were given. */
function causeOf(error: unknown): string {
  if (error instanceof Misconfigured || error instanceof DatabaseUnavailable) return error.message
  return error instanceof Error ? error.name : 'unknown'
}
