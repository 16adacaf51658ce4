import { buildName } from './build-name.ts'
import { checklist } from './doctor/checklist.ts'
import { checks } from './doctor/checks.ts'
import { type Context, createContext } from './doctor/context.ts'
import { examine } from './doctor/examine.ts'
import { fix, putByWrangler } from './doctor/fix.ts'
import { environmentOf, givenSettings } from './doctor/given.ts'
import { inJson, inWords, isWell } from './doctor/report.ts'
import { runCommand, saying } from './shared/command.ts'
import { LOCAL_PORTS } from './shared/configured.ts'
import { hostOf } from './shared/database.ts'
import { deployedBindings } from './shared/deployed.ts'
import { LocalError } from './shared/errors.ts'
import { readFlags } from './shared/flags.ts'
import { projectDir } from './shared/project.ts'

const HELP = `
npm run doctor -- [flags]     examines Stripe, Clerk, the Worker, the database and the settings, and changes nothing

Each check passes, warns or fails; a failure says what it costs and what to do. Exits with 1 on a failure.

  --url https://…      the Worker; by default the one of \`npm run dev\`, http://127.0.0.1:${LOCAL_PORTS.worker}
  --fix                create the endpoint at Stripe, add the events that it lacks, and put its secret with wrangler.
                       It deletes nothing
  --json               the report as JSON
  --env NAME           the environment of wrangler.toml; by default production, and none for a Worker on this machine
  --pg-port, --gateway-port, --stripe-port, --clerk-port     the parts of \`npm run dev\`, where they are elsewhere

Variables come from wrangler.toml, secrets from the environment; for a Worker on this machine from .dev.vars, too.

example
  DATABASE_URL=… STRIPE_SECRET_KEY=… npm run doctor -- --url https://ledgerhook.example.workers.dev
`

await runCommand(async () => {
  const text = { type: 'string' } as const
  const no = { type: 'boolean', default: false } as const
  const { values } = readFlags(HELP, {
    url: text,
    fix: no,
    json: no,
    env: text,
    'pg-port': text,
    'gateway-port': text,
    'stripe-port': text,
    'clerk-port': text,
  })
  const url = addressOf(values.url)
  const ports = {
    pg: values['pg-port'],
    gateway: values['gateway-port'],
    stripe: values['stripe-port'],
    clerk: values['clerk-port'],
  }
  const environment = environmentOf(url, values.env)
  const given = givenSettings({ url, environment, ports })
  const create = () => createContext({ url, given, checkout: { dir: projectDir, build: buildName() } })
  const fixed = values.fix ? await saying('mending', fix(create(), putByWrangler(environment))) : []
  // The new context keeps no earlier response.
  const context = create()
  const examined = await examine(context, checks)
  const report = {
    url: context.url,
    database_host: databaseHost(context),
    environment: environment ?? null,
    fixed,
    checks: examined,
    checklist: checklist(context, context.isLocal ? undefined : deployedBindings(environment)),
  }
  console.log(values.json ? inJson(report) : inWords(report))
  if (!isWell(report)) process.exitCode = 1
})

function addressOf(given = `http://127.0.0.1:${LOCAL_PORTS.worker}`): string {
  const url = URL.parse(given)
  if (url && /^https?:$/.test(url.protocol) && url.pathname === '/' && !url.search && !url.username)
    return url.origin
  throw new LocalError(
    '--url takes the address of the Worker without a path, such as https://ledgerhook.example.com',
  )
}

function databaseHost({ settings: { DATABASE_URL } }: Context): string | null {
  return DATABASE_URL ? hostOf(DATABASE_URL) : null
}
