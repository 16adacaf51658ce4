import { short } from './migrate/plan.ts'
import { dryRun, type Migrated, migrate } from './migrate/run.ts'
import { script } from './migrate/script.ts'
import { runCommand } from './shared/command.ts'
import { configuredDatabase } from './shared/configured.ts'
import { isNeonHost } from './shared/database.ts'
import { LocalError } from './shared/errors.ts'
import { readFlags } from './shared/flags.ts'

const HELP = `
npm run migrate -- [flags]     bring the database of DATABASE_URL to this checkout: tables, functions, roles

All of it or nothing, in one transaction. Deliveries go on meanwhile. A pooled connection string will do.

  --dry-run            print the SQL, and change nothing
  --functions-back     put this checkout's functions in force, though the database has had newer ones
  --prune              also drop functions that nothing has named for 30 days
  --json               what was done, as JSON
`

await runCommand(async () => {
  const flag = { type: 'boolean', default: false } as const
  const { values } = readFlags(HELP, { 'dry-run': flag, 'functions-back': flag, prune: flag, json: flag })
  const url = configuredDatabase()
  if (!url) {
    throw new LocalError(
      'set DATABASE_URL to the database to migrate; `npm run dev` migrates the local one itself',
    )
  }
  const options = { functionsBack: values['functions-back'], prune: values.prune }
  const done = values['dry-run'] ? await dryRun(url, options) : await migrate(url, options)
  if (values.json) return console.log(JSON.stringify(inJson(done, values['dry-run']), null, 2))
  console.log(values['dry-run'] ? script(done) : inLines(done).join('\n'))
  if (!isNeon(done)) {
    console.error(
      `${done.host} is not Neon: the Worker speaks Neon's SQL over HTTP, and reaches this one only by the local gateway: npm run dev -- --gateway`,
    )
  }
})

function isNeon({ isNeon, host }: Migrated): boolean {
  return isNeon || isNeonHost(host)
}

function inLines({ host, database, functions, steps }: Migrated): string[] {
  return [
    `${'database'.padEnd(11)}${database} at ${host}`,
    ...steps.map(({ kind, says }) => `${kind.padEnd(11)}${says}`),
    `${'migrated'.padEnd(11)}functions ${short(functions)} are in force`,
  ]
}

function inJson(done: Migrated, isDryRun: boolean): object {
  const { host, database, functions, steps } = done
  const shown = steps.map(({ kind, says, sends }) => ({
    kind,
    says,
    ...(isDryRun && { sql: sends.map(({ sql }) => sql) }),
  }))
  return { host, database, is_neon: isNeon(done), dry_run: isDryRun, functions, steps: shown }
}
