import { app, providers } from './app.ts'
import { connect, DatabaseUnavailable } from './db.ts'
import { Misconfigured, settingsOf } from './env.ts'
import { reportAttention } from './webhook/attention.ts'
import { log } from './webhook/log.ts'
import { releaseParked } from './webhook/release.ts'

export default {
  fetch: app.fetch,

  /** Every minute: what is parked is tried again. Every hour: what waits for a person is named in the log. */
  async scheduled({ scheduledTime }: { scheduledTime: number }, env: object): Promise<void> {
    const isFullHour = new Date(scheduledTime).getUTCMinutes() === 0
    try {
      const settings = settingsOf(env)
      const db = connect(settings.DATABASE_URL, settings.NEON_FETCH_ENDPOINT)
      const tasks = [releaseParked(providers, settings, db), ...(isFullHour ? [reportAttention(db)] : [])]
      for (const task of await Promise.allSettled(tasks)) if (task.status === 'rejected') throw task.reason
    } catch (error) {
      log({
        message: 'scheduled run failed',
        level: 'error',
        cause: causeOf(error),
      })
      throw error
    }
  },
}

/** Our own messages hold codes and names of settings; those of libraries may hold what they were given. */
function causeOf(error: unknown): string {
  if (error instanceof Misconfigured || error instanceof DatabaseUnavailable) return error.message
  return error instanceof Error ? error.name : 'unknown'
}
