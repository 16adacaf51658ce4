import { styleText } from 'node:util'
import { LOCAL_PORTS } from '../../cli/shared/configured.ts'
import { connectTo } from '../../cli/shared/database.ts'
import { deployedVars } from '../../cli/shared/deployed.ts'
import { LocalError } from '../../cli/shared/errors.ts'
import { settingsSchema } from '../../src/settings.ts'
import type { Vars } from '../dev-vars.ts'
import type { Stack } from '../stack.ts'

/**
 * Returns what a developer needs to know once everything is up. For a Neon database it shows only the host, never the
 * password.
 *
 * @param ofThisRun the names of settings that are not those of .dev.vars
 */
export async function describe(
  stack: Stack,
  settings: Vars,
  postgresPort: number,
  ofThisRun: string[] = [],
): Promise<string> {
  const { url } = stack.worker
  const tokenFrom = ofThisRun.includes('OPS_TOKEN') ? 'this run' : '.dev.vars'
  const database = stack.isOwnDatabase
    ? localDatabase(postgresPort)
    : `${new URL(stack.databaseUrl).host}, from DATABASE_URL: ${await readiness(url, stack.databaseUrl, settings.OPS_TOKEN)}`
  const port = new URL(url).port
  const flag = port === String(LOCAL_PORTS.worker) ? '' : ` --port ${port}`
  const rows = [
    ['api', `${url}/api/docs`],
    ['webhooks', `${url}/api/webhooks/clerk`],
    ['', `${url}/api/webhooks/stripe`],
    ['database', database],
    ...(stack.gatewayUrl ? [['gateway', stack.gatewayUrl]] : []),
    ...(settings.OPS_TOKEN ? [['ops', `${url}/ops, with the OPS_TOKEN of ${tokenFrom}`]] : []),
    ...(stack.stripeUrl ? localStripe(stack.stripeUrl, url, settings) : []),
    ...(stack.clerkUrl ? localClerk(stack.clerkUrl) : []),
    ['try', `npm run send -- clerk user.created${flag}`],
    ['doctor', `${withDatabase(stack)}npm run doctor${doctorFlags(stack, postgresPort)}`],
  ]
  const ready = `${styleText(['green', 'bold'], 'ready')}     ${url}`
  return ['', ready, ...rows.map(([name = '', text]) => `${name.padEnd(10)}${text}`), ''].join('\n')
}

function localStripe(stripeUrl: string, workerUrl: string, settings: Vars): string[][] {
  const stripe = ['stripe', `${stripeUrl}, a local stand-in: a page with buttons for what can happen`]
  const order = firstSold({ ...deployedVars(undefined), ...settings })
  if (!order) return [stripe]
  const body = JSON.stringify(order).replaceAll("'", "'\\''")
  const checkout = `curl -H "Authorization: Bearer $(npm run --silent token -- user_ada)" -d '${body}' ${workerUrl}/api/checkout`
  return [stripe, ['buy', checkout], ['pay', `curl -X POST '${stripeUrl}/test/sessions/<id>/pay?brief'`]]
}

/** Returns an order of the first pack, or else of the first plan. */
function firstSold({ CREDIT_PACKS, PLANS }: Vars): { pack: string } | { plan: string } | undefined {
  const { shape } = settingsSchema()
  const [pack] = Object.keys(shape.CREDIT_PACKS.safeParse(CREDIT_PACKS).data ?? {})
  if (pack !== undefined) return { pack }
  const [plan] = Object.keys(shape.PLANS.safeParse(PLANS).data ?? {})
  return plan === undefined ? undefined : { plan }
}

function localClerk(clerkUrl: string): string[][] {
  const person = '{"email_address": ["ada@example.com"]}'
  return [
    ['clerk', `${clerkUrl}, a local stand-in: a page to sign people up`],
    ['sign up', `curl -X POST '${clerkUrl}/test/users/user_ada/create?brief' -d '${person}'`],
  ]
}

/**
 * A database from the environment is in no file, and its string has a password, so the doctor has to be given it again.
 */
const withDatabase = ({ isOwnDatabase }: Stack) =>
  !isOwnDatabase && process.env.DATABASE_URL ? 'DATABASE_URL=… ' : ''

/** Returns the flags with which the doctor finds parts that are not at their default addresses. */
function doctorFlags(stack: Stack, postgresPort: number): string {
  const { worker, gatewayUrl, stripeUrl, clerkUrl, isOwnDatabase } = stack
  const port = (url: string | undefined, flag: string, usual: number | null) =>
    url && Number(new URL(url).port) !== usual ? [`--${flag} ${new URL(url).port}`] : []
  const flags = [
    ...(Number(new URL(worker.url).port) === LOCAL_PORTS.worker ? [] : [`--url ${worker.url}`]),
    ...(!isOwnDatabase || postgresPort === LOCAL_PORTS.postgres ? [] : [`--pg-port ${postgresPort}`]),
    // For a given database, the flag says that there is a gateway.
    ...port(gatewayUrl, 'gateway-port', isOwnDatabase ? LOCAL_PORTS.gateway : null),
    ...port(stripeUrl, 'stripe-port', LOCAL_PORTS.stripe),
    ...port(clerkUrl, 'clerk-port', LOCAL_PORTS.clerk),
  ]
  return flags.length > 0 ? ` -- ${flags.join(' ')}` : ''
}

function localDatabase(port: number): string {
  const flag = port === LOCAL_PORTS.postgres ? '' : ` -- --pg-port ${port}`
  return `postgres://postgres:postgres@127.0.0.1:${port}/ledgerhook, or \`npm run studio${flag}\``
}

async function readiness(url: string, databaseUrl: string, opsToken: string | undefined): Promise<string> {
  const headers = { Authorization: `Bearer ${firstOf(opsToken)}` }
  const response = await fetch(`${url}/api/ready`, { headers }).catch(() => null)
  const answer = (await response?.json().catch(() => null)) as { status?: string } | null
  if (answer?.status === 'ready') return 'reachable and migrated'
  if (answer?.status === 'unavailable') return await whyAway(databaseUrl)
  return `run \`npm run migrate\`${answer?.status ? `: the status is ${answer.status}` : ' if it has not been migrated'}`
}

/** Returns the first of several tokens without its optional name. */
const firstOf = (tokens = '') => tokens.split(',')[0]?.split(':').at(-1)?.trim()

/** Connects to Postgres itself, whose error says more than that of the HTTP endpoint. */
async function whyAway(databaseUrl: string): Promise<string> {
  try {
    await (await connectTo(databaseUrl)).end()
    return 'not reachable over HTTP, although Postgres itself is'
  } catch (error) {
    return error instanceof LocalError ? error.message : 'not reachable'
  }
}
