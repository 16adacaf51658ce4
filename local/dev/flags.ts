import { LOCAL_POSTGRES_PORT } from '../../cli/shared/configured.ts'
import { portNumber, readFlags, readVars, wholeNumber } from '../../cli/shared/flags.ts'
import { freePort } from '../ports.ts'

const HELP = `
npm run dev -- [flags]     runs Postgres, the local gateway and the real Worker, until Ctrl-C

  --port 8787              the Worker
  --pg-port 54320          Postgres; any client can connect
  --gateway-port 54321     the gateway: SQL over HTTP, as Neon speaks it
  --stripe-port 54322      the local Stripe
  --clerk-port 54323       the local Clerk; without the flag, another one where this is taken
  --data .local/postgres   where Postgres keeps its data between runs
  --fresh                  start with an empty database, an empty local Stripe and an empty local Clerk
  --var NAME:VALUE         a setting for this run, over .dev.vars; repeatable
  --rtt-ms N               the gateway adds this to each request, in milliseconds
  --statement-ms N         the gateway adds this to each statement, in milliseconds
  --tunnel                 open a public address, for webhooks from Clerk and Stripe themselves (needs the network)

Settings come from .dev.vars, which the first run writes; the environment wins over it. If DATABASE_URL names a Neon
database, that one is used, and neither Postgres nor the gateway is started; only \`npm run migrate\` migrates it.
With a STRIPE_SECRET_KEY of Stripe's own, calls go to Stripe, and the local Stripe is not started. So it is with
CLERK_SECRET_KEY and Clerk; without one, nothing of Clerk is asked.
`

export const USUAL_PORTS = {
  worker: 8787,
  postgres: LOCAL_POSTGRES_PORT,
  gateway: 54321,
  stripe: 54322,
  clerk: 54323,
}

/** Reads the flags of `npm run dev`. Throws a LocalError. */
export async function devFlags() {
  const { values } = readFlags(HELP, {
    port: { type: 'string' },
    'pg-port': { type: 'string' },
    'gateway-port': { type: 'string' },
    'stripe-port': { type: 'string' },
    'clerk-port': { type: 'string' },
    data: { type: 'string', default: '.local/postgres' },
    fresh: { type: 'boolean', default: false },
    var: { type: 'string', multiple: true },
    'rtt-ms': { type: 'string' },
    'statement-ms': { type: 'string' },
    tunnel: { type: 'boolean', default: false },
  })
  const { data: dataDir, fresh, tunnel } = values
  return {
    ports: {
      worker: portNumber(values.port, '--port', USUAL_PORTS.worker),
      postgres: portNumber(values['pg-port'], '--pg-port', USUAL_PORTS.postgres),
      gateway: portNumber(values['gateway-port'], '--gateway-port', USUAL_PORTS.gateway),
      stripe: portNumber(values['stripe-port'], '--stripe-port', USUAL_PORTS.stripe),
      clerk: values['clerk-port']
        ? portNumber(values['clerk-port'], '--clerk-port', USUAL_PORTS.clerk)
        : await freePort(USUAL_PORTS.clerk),
    },
    latency: {
      rttMs: wholeNumber(values['rtt-ms'], '--rtt-ms', 0, 60_000) ?? 0,
      statementMs: wholeNumber(values['statement-ms'], '--statement-ms', 0, 60_000) ?? 0,
    },
    vars: readVars(values.var),
    dataDir,
    fresh,
    tunnel,
  }
}
