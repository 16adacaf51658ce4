import { neon, neonConfig } from '@neondatabase/serverless'

let sql: ReturnType<typeof neon> | undefined

/** Returns the driver for this isolate's database. It is created once, as in Ledgerhook. */
export function connect(env: { DATABASE_URL: string; NEON_FETCH_ENDPOINT: string }) {
  neonConfig.fetchEndpoint = env.NEON_FETCH_ENDPOINT
  sql ??= neon(env.DATABASE_URL)
  return sql as ReturnType<typeof neon<false, false>>
}
