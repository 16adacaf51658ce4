import { cpSync, globSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { readMigrations } from '../../cli/migrate/migrations.ts'
import { statementsOf } from '../../cli/migrate/statements.ts'
import { LocalError } from '../../cli/shared/errors.ts'
import { drizzleKit } from '../drizzle-kit.ts'
import { nameFailures } from './failures.ts'
import { changedSignatures, madeSchema, schemaInStep } from './schema.ts'
import { wrongSeals } from './seals.ts'

/**
 * Whether the migrations are unchanged since they were committed, and whether they and the functions produce
 * schema.sql. What is wrong is printed last, because drizzle-kit prints a lot.
 */
export async function migrationsInStep(): Promise<boolean> {
  const found = [...wrongSeals(), ...droppedViews(), ...(await schemaWrong())]
  if (!(await drizzleKit(['check']))) found.push('drizzle-kit refuses the migrations, see above')
  const wrong = [...new Set([...found, ...(await tablesWrong())])]
  for (const line of wrong) console.log(line)
  nameFailures(wrong)
  return wrong.length === 0
}

async function schemaWrong(): Promise<string[]> {
  try {
    const made = await madeSchema()
    return [...schemaInStep(made), ...changedSignatures(made)]
  } catch (error) {
    if (error instanceof LocalError) return [error.message]
    throw error
  }
}

/**
 * Returns the views that migrations drop. A dropped view loses its grants, and Postgres refuses to drop it if an app
 * has a view on it.
 */
function droppedViews(): string[] {
  return readMigrations().flatMap(({ tag, sql }) =>
    statementsOf(sql)
      .filter(({ outline }) => /^drop view\b/i.test(outline))
      .map(
        ({ line }) =>
          `migrations/${tag}.sql:${line} drops a view: \`create or replace view\`, with new columns last`,
      ),
  )
}

/** Lets drizzle-kit generate into a temporary copy. If it writes nothing new, no migration is missing. */
async function tablesWrong(): Promise<string[]> {
  mkdirSync('.local', { recursive: true })
  const copy = mkdtempSync(join('.local', 'migrations-'))
  try {
    cpSync('migrations', copy, { recursive: true })
    // drizzle-kit takes a relative directory only.
    const generate = ['generate', '--dialect', 'postgresql', '--schema', './src/*/schema.ts', '--out', copy]
    if (!(await drizzleKit(generate))) return ['drizzle-kit does not generate, see above']
    const missing = globSync(join(copy, '*.sql')).length - globSync('migrations/*.sql').length
    return missing > 0
      ? ['a table has changed since the newest migration: npm run generate -- --name what_changes']
      : []
  } finally {
    rmSync(copy, { recursive: true })
  }
}
