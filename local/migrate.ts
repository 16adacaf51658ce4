import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { drizzle } from 'drizzle-orm/node-postgres'
import { migrate as applyMigrations } from 'drizzle-orm/node-postgres/migrator'
import { runCommand } from './command.ts'
import { LocalError } from './errors.ts'
import { projectDir } from './project.ts'

/** Deliveries that meet a migration's locks in another order: one of the two is ended, and nothing of it has happened. */
const DEADLOCK = '40P01'
const MOST_TRIES = 10

/** Applies every migration that the database does not have yet, in one transaction. Deliveries may go on meanwhile. */
export async function migrate(databaseUrl: string): Promise<void> {
  const db = drizzle(databaseUrl)
  // A pool without a listener throws when Postgres stops under it, and hides why the migration failed.
  db.$client.on('error', () => {})
  try {
    for (let tries = 1; ; tries++) {
      try {
        return await applyMigrations(db, { migrationsFolder: join(projectDir, 'migrations') })
      } catch (error) {
        const { code } = ((error as Error).cause ?? error) as { code?: unknown }
        if (code !== DEADLOCK || tries === MOST_TRIES) throw error
      }
    }
  } finally {
    await db.$client.end()
  }
}

/** The database that `DATABASE_URL` names, in the environment or else in `.dev.vars`. */
export function configuredDatabase(): string | undefined {
  const devVars = existsSync('.dev.vars') ? parseEnv(readFileSync('.dev.vars', 'utf8')) : {}
  return process.env.DATABASE_URL || devVars.DATABASE_URL || undefined
}

if (import.meta.main) {
  await runCommand(async () => {
    const url = configuredDatabase()
    if (!url)
      throw new LocalError(
        'set DATABASE_URL to the database to migrate; `npm run dev` migrates the local one itself',
      )
    await migrate(url)
    console.log(`migrated ${new URL(url).host}`)
  })
}
