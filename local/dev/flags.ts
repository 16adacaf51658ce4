import { LOCAL_PORTS } from '../../cli/shared/configured.ts'
import { portNumber, readFlags, readVars, wholeNumber } from '../../cli/shared/flags.ts'
import { givenVars } from '../../cli/shared/settings.ts'
import { choosePort, nextFreePort } from '../ports.ts'

const HELP = `
npm run dev -- [flags]     runs Postgres, the local gateway and the real Worker, until Ctrl-C

  --port 8787              the Worker
  --pg-port 25432          Postgres; any client can connect
  --gateway-port 25433     the gateway: SQL over HTTP, as Neon speaks it
  --stripe-port 25434      the local Stripe
  --clerk-port 25435       the local Clerk; by default \`auto\`
                           each takes \`auto\` too: the usual port, or the next free one;
                           \`--port auto\` means all those that are not given
  --data .local/postgres   where Postgres keeps its data between runs
  --fresh                  start with an empty database, an empty local Stripe and an empty local Clerk
  --var NAME:VALUE         a setting for this run, over .dev.vars; repeatable
  --rtt-ms N               the gateway adds this to each request, in milliseconds
  --statement-ms N         the gateway adds this to each statement, in milliseconds
  --gateway                put the gateway in front of the Postgres of DATABASE_URL, if that is not Neon
  --spill                  bind the queue SPILL, to which deliveries go while the database is away
  --tunnel                 open a public address, for webhooks from Clerk and Stripe themselves (needs the network)

Settings come from .dev.vars, which the first run writes; the environment wins over it. If DATABASE_URL names a
database, that one is used, and no Postgres is started; only \`npm run migrate\` migrates it. Neon needs no gateway.
With a STRIPE_SECRET_KEY of Stripe's own, calls go to Stripe, and the local Stripe is not started. The same holds for
CLERK_SECRET_KEY and Clerk. If that key is empty, no user is read from Clerk.
`

const AUTO = 'auto'

/** The flag that chooses each port. */
const PORT_FLAGS = {
  worker: 'port',
  postgres: 'pg-port',
  gateway: 'gateway-port',
  stripe: 'stripe-port',
  clerk: 'clerk-port',
} as const

type Ports = Record<keyof typeof LOCAL_PORTS, number>

/** Reads the flags of `npm run dev`. Throws a LocalError. */
export async function devFlags() {
  const { values } = readFlags(HELP, {
    port: { type: 'string' },
    'pg-port': { type: 'string' },
    'gateway-port': { type: 'string' },
    'stripe-port': { type: 'string' },
    'clerk-port': { type: 'string', default: AUTO },
    data: { type: 'string', default: '.local/postgres' },
    fresh: { type: 'boolean', default: false },
    var: { type: 'string', multiple: true },
    'rtt-ms': { type: 'string' },
    'statement-ms': { type: 'string' },
    gateway: { type: 'boolean', default: false },
    spill: { type: 'boolean', default: false },
    tunnel: { type: 'boolean', default: false },
  })
  const { data: dataDir, fresh, gateway, spill, tunnel } = values
  return {
    ports: await choosePorts(values),
    latency: {
      rttMs: wholeNumber(values['rtt-ms'], '--rtt-ms', 0, 60_000) ?? 0,
      statementMs: wholeNumber(values['statement-ms'], '--statement-ms', 0, 60_000) ?? 0,
    },
    vars: varsOf(values.var),
    dataDir,
    fresh,
    gateway,
    spill,
    tunnel,
  }
}

/** Chooses ports. The given ones come first, so that no other part takes them. */
async function choosePorts(values: Partial<Record<string, unknown>>): Promise<Ports> {
  const ports: Partial<Ports> = {}
  const parts = Object.keys(LOCAL_PORTS) as (keyof Ports)[]
  const text = (part: keyof Ports) =>
    (values[PORT_FLAGS[part]] ?? (values.port === AUTO ? AUTO : undefined)) as string | undefined
  for (const part of parts.filter((part) => text(part) !== AUTO)) {
    const port = portNumber(text(part), `--${PORT_FLAGS[part]}`, LOCAL_PORTS[part])
    await choosePort(port)
    ports[part] = port
  }
  for (const part of parts.filter((part) => text(part) === AUTO))
    ports[part] = await nextFreePort(LOCAL_PORTS[part], Object.values(ports))
  return ports as Ports
}

/** Returns the settings that --var gives for this run. Throws a LocalError. */
const varsOf = (given: string[] | undefined) =>
  givenVars(readVars(given), 'which decides what is started: set it in .dev.vars')
