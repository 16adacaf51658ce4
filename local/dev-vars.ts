import { randomBytes } from 'node:crypto'
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { settingsSchema } from '../src/settings.ts'
import { ensureSessionKey, readSessionKey } from './session-key.ts'

export type Vars = Record<string, string>

const FILE = '.dev.vars'

/** How a key of the local Stripe begins. Any other key is one of Stripe's own, and is never sent to the local one. */
export const LOCAL_STRIPE_KEY = 'sk_test_local_'

/** How a key of the local Clerk begins. Any other key is one of Clerk's own, and is never sent to the local one. */
export const LOCAL_CLERK_KEY = 'sk_test_local_'

/** So that selling and granting can be tried. In production nothing is sold or granted until you say so. */
export const EXAMPLES: Vars = {
  CREDIT_PACKS: '{"starter": {"credits": 500, "amount": 500, "currency": "usd", "name": "500 credits"}}',
  PLANS: '{"price_pro_monthly": {"key": "pro", "credits": 1000}}',
  GRANT_LIMIT: '{"per_call": 1000, "per_user_day": 5000, "per_day": 100000}',
  CAMPAIGNS: '{"friends": {"per_user": 500, "total": 50000}}',
}

const HEADER = `# Written by \`npm run dev\`, with secrets made for this machine alone. Never commit it.

# Empty: the local Postgres. Set to a Neon connection string, \`npm run dev\` uses that database instead.
`

const EXAMPLES_HEADER = `
# Examples: what is sold and granted in development.
`

/** Returns new random secrets, in the form of the providers' own. */
export function generateSecrets(): Vars {
  return {
    CLERK_WEBHOOK_SECRET: `whsec_${randomBytes(24).toString('base64')}`,
    STRIPE_WEBHOOK_SECRET: `whsec_${randomBytes(24).toString('hex')}`,
    STRIPE_SECRET_KEY: `${LOCAL_STRIPE_KEY}${randomBytes(24).toString('hex')}`,
    CLERK_SECRET_KEY: `${LOCAL_CLERK_KEY}${randomBytes(24).toString('hex')}`,
    SERVICE_TOKEN: randomBytes(24).toString('hex'),
    OPS_TOKEN: randomBytes(24).toString('hex'),
    EVENTS_SECRET: `whsec_${randomBytes(24).toString('base64')}`,
  }
}

/**
 * Writes `.dev.vars` when there is none, with the public half of this machine's session key. One that an earlier
 * version has written gets the key of the local Clerk. Returns what was done, in words.
 */
export async function ensureDevVars(): Promise<string | undefined> {
  if (existsSync(FILE)) return addClerkKey()
  const { publicKey } = await ensureSessionKey()
  const vars = { DATABASE_URL: '', ...generateSecrets(), CLERK_JWT_KEY: publicKey.trim() }
  writeFileSync(FILE, HEADER + formatVars(vars) + EXAMPLES_HEADER + formatVars(EXAMPLES), { mode: 0o600 })
  return 'wrote .dev.vars, with secrets made for this machine alone'
}

/** Only next to the session key of this machine: whoever has Clerk's own public key there uses Clerk itself. */
function addClerkKey(): string | undefined {
  const { CLERK_SECRET_KEY, CLERK_JWT_KEY = '' } = parseEnv(readFileSync(FILE, 'utf8'))
  const pair = readSessionKey()
  if (CLERK_SECRET_KEY !== undefined || !pair || CLERK_JWT_KEY.trim() !== pair.publicKey.trim())
    return undefined
  const { CLERK_SECRET_KEY: made = '' } = generateSecrets()
  appendFileSync(FILE, `\n${formatVars({ CLERK_SECRET_KEY: made })}`)
  return 'added CLERK_SECRET_KEY to .dev.vars: the key of the local Clerk'
}

/**
 * Returns the settings of `.dev.vars`. A variable of the environment wins over one of the file; their names are
 * returned too.
 */
export function readSettings(): { settings: Vars; fromEnvironment: string[] } {
  const settings: Vars = {}
  if (existsSync(FILE)) Object.assign(settings, parseEnv(readFileSync(FILE, 'utf8')))
  const fromEnvironment = Object.keys(settingsSchema().shape).filter((name) => process.env[name])
  for (const name of fromEnvironment) settings[name] = process.env[name] as string
  return { settings, fromEnvironment }
}

/** Returns the text of a dotenv file. Inside double quotes, a backslash would begin an escape. */
export function formatVars(vars: Vars): string {
  return Object.entries(vars)
    .map(([name, value]) => `${name}=${quote(value)}\n`)
    .join('')
}

function quote(value: string): string {
  if (!/["\\]/.test(value)) return `"${value}"`
  return value.includes("'") ? `\`${value}\`` : `'${value}'`
}
