import { app, providers } from './app.ts'
import { connect } from './db.ts'
import { settingsOf } from './env.ts'
import { releaseParked } from './webhook/release.ts'

export default {
  fetch: app.fetch,
  /** Every minute: what is parked is tried again. */
  async scheduled(_controller: unknown, env: object): Promise<void> {
    const settings = settingsOf(env)
    await releaseParked(providers, settings, connect(settings.DATABASE_URL, settings.NEON_FETCH_ENDPOINT))
  },
}
