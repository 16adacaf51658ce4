import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { LocalError } from '../../cli/shared/errors.ts'
import { projectDir } from '../../cli/shared/project.ts'
import { settingsSchema } from '../../src/settings.ts'
import type { Stage } from './play.ts'

/** A difference in the report of `npm run reconcile -- --json`. */
interface Row {
  says: string
  object: string
  credits: number | null
}

export interface Reported {
  /** 1 if something differs. */
  code: number
  found: Row[]
  fixed: Row[]
  left: Row[]
}

/** Runs `npm run reconcile` with these flags as a person does, with only the Worker's settings. */
export async function reconcile(stage: Stage, ...flags: string[]): Promise<Reported> {
  const { settings, databaseUrl, stripeUrl, clerkUrl, dir } = stage
  const names = settingsSchema().shape
  const own = Object.entries(process.env).filter(([name]) => !Object.hasOwn(names, name))
  const env = {
    ...Object.fromEntries(own),
    ...settings,
    DATABASE_URL: databaseUrl,
    STRIPE_API_BASE: stripeUrl,
    CLERK_API_BASE: clerkUrl,
  }
  const args = [join(projectDir, 'cli/reconcile.ts'), '--json', ...flags]
  return await new Promise((resolve, reject) =>
    execFile(process.execPath, args, { cwd: dir, env }, (error, text, errors) => {
      if (text.trim() === '') return reject(new LocalError(`npm run reconcile failed: ${errors.trim()}`))
      resolve({ code: error ? Number(error.code) : 0, ...JSON.parse(text) })
    }),
  )
}

/** Returns `paid, not credited +500`. */
export const inWords = ({ says, credits }: Row): string =>
  credits ? `${says} ${credits > 0 ? '+' : ''}${credits}` : says
