import { existsSync, readFileSync } from 'node:fs'
import { settingsSchema } from '../src/settings.ts'
import { type Preview, previewRelease } from './preview/release.ts'
import { runCommand, saying } from './shared/command.ts'
import { databaseUrl } from './shared/configured.ts'
import { countedApart } from './shared/counted.ts'
import { connectToRead, hostOf } from './shared/database.ts'
import { deployedVars } from './shared/deployed.ts'
import { LocalError } from './shared/errors.ts'
import { readFlags } from './shared/flags.ts'

const HELP = `
npm run preview -- [flags]     what PLANS would grant of the paid invoices that wait for a price it does not know

Before you deploy PLANS with a price that was missing: how many invoices it releases, and how many credits they grant. Each
runs in the database as its release would, and is rolled back. Nothing changes.

  --plans TEXT         PLANS, as JSON or the name of a file; by default that of wrangler.toml
  --env NAME           of wrangler.toml; by default production
  --json               the result as JSON
  --pg-port 25432      the local Postgres, where DATABASE_URL is not set

example
  npm run preview -- --plans '{"price_1Pq": {"key": "pro", "credits": 1000}}'
`

await runCommand(async () => {
  const text = { type: 'string' } as const
  const options = { plans: text, env: text, json: { type: 'boolean' }, 'pg-port': text } as const
  const { values } = readFlags(HELP, options)
  const plans = readPlans(
    values.plans === undefined ? deployedVars(values.env ?? 'production').PLANS : given(values.plans),
  )
  const url = await databaseUrl(values['pg-port'])
  const host = hostOf(url)
  const client = await connectToRead(url)
  try {
    const preview = await saying('looking at what waits', previewRelease(client, plans))
    if (values.json) console.log(JSON.stringify({ host, ...preview }, null, 2))
    else for (const line of inWords(host, preview)) console.log(line)
  } finally {
    await client.end().catch(() => {})
  }
})

function given(text: string): string {
  return existsSync(text) ? readFileSync(text, 'utf8') : text
}

function readPlans(text: string | undefined) {
  const read = settingsSchema().shape.PLANS.safeParse(text)
  if (read.success) return read.data
  throw new LocalError('PLANS is malformed: JSON, by price: {"price_1…": {"key": "pro", "credits": 1000}}')
}

function inWords(host: string, { waiting, prices, would, stay, more }: Preview): string[] {
  if (waiting === 0) return [`${host}: nothing waits for a price`]
  const number = (count: number) => count.toLocaleString('en')
  const invoices = (count: number) => countedApart(count, 'invoice')
  const unsaid = stay.filter(({ count }) => count > 0).map(({ why, count }) => `  ${invoices(count)} ${why}`)
  return [
    `${host}: ${invoices(waiting)}${more ? ' or more' : ''} waiting for a price`,
    ...prices.map(({ price, count }) => `  ${price}: ${invoices(count)}`),
    `with these PLANS ${invoices(would.invoices)} of ${countedApart(would.users, 'user')} would grant ${number(would.credits)} credits`,
    ...unsaid,
  ]
}
