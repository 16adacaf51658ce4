import { app, providers } from './app.ts'
import { connect } from './db.ts'
import { settingsOf } from './env.ts'
import { reportAttention } from './webhook/attention.ts'
import { releaseParked } from './webhook/release.ts'

export default {
  fetch: app.fetch,

  /** Every minute: what is parked is tried again. Every hour: what waits for a person is named in the log. */
  async scheduled({ scheduledTime }: { scheduledTime: number }, env: object): Promise<void> {
    const settings = settingsOf(env)
    const db = connect(settings.DATABASE_URL, settings.NEON_FETCH_ENDPOINT)
    await releaseParked(providers, settings, db)
    if (new Date(scheduledTime).getUTCMinutes() === 0) await reportAttention(db)
  },
}
