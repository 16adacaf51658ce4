// `npm run generate -- --name what_changed`: one migration for changed tables, one for changed verbs (src/*/*.sql).
import { execFileSync } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import { tools } from './project.ts'
import { changedVerbs } from './verbs.ts'

const drizzleKit = (...args: string[]) =>
  execFileSync(process.execPath, [tools.drizzleKit, 'generate', ...args], {
    stdio: 'inherit',
  })

drizzleKit(...process.argv.slice(2))

const changed = changedVerbs()
if (changed.length > 0) {
  drizzleKit('--custom', '--name', 'verbs')
  const migration = readdirSync('migrations')
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .at(-1)
  writeFileSync(
    `migrations/${migration}`,
    changed.map((verb) => verb.section).join('\n--> statement-breakpoint\n'),
  )
  console.log(`migrations/${migration}: ${changed.map((verb) => verb.path).join(', ')}`)
}
