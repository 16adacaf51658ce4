import { randomBytes } from 'node:crypto'
import { chmodSync, writeFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { deployedVars } from '../cli/shared/deployed.ts'
import { devVarsText } from '../cli/shared/dev-vars.ts'
import { settingsSchema } from '../src/settings.ts'
import { strayLines } from './dev/stray-lines.ts'
import { ensureSessionKey, readSessionKey } from './session-key.ts'

export type Vars = Record<string, string>

const FILE = '.dev.vars'

/**
 * The prefix of a key of the local Stripe. Any other key belongs to Stripe itself, and is never sent to the local one.
 */
export const LOCAL_STRIPE_KEY = 'sk_test_local_'

/**
 * The prefix of a key of the local Clerk. Any other key belongs to Clerk itself, and is never sent to the local one.
 */
export const LOCAL_CLERK_KEY = 'sk_test_local_'

/** Settings to try selling and granting with. In production nothing is sold or granted until you configure it. */
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
 * Writes `.dev.vars` if there is none, with the public half of this machine's session key. In an existing file it fills
 * in settings that are missing or still placeholders. Returns in words what it did. The examples are in the file, too:
 * commands read it, and have to decide by the same settings as the Worker.
 */
export async function ensureDevVars(): Promise<string | undefined> {
  const text = devVarsText()
  if (text !== undefined) return await fillIn(text)
  const { publicKey } = await ensureSessionKey()
  const vars = { DATABASE_URL: '', ...generateSecrets(), CLERK_JWT_KEY: publicKey.trim() }
  writeFileSync(FILE, HEADER + formatVars(vars) + EXAMPLES_HEADER + formatVars(EXAMPLES), { mode: 0o600 })
  return 'wrote .dev.vars, with secrets made for this machine alone'
}

async function fillIn(text: string): Promise<string | undefined> {
  const given = parseEnv(text) as Vars
  const secrets = await lackingSecrets(given)
  const examples = lackingExamples(given)
  const done = [named('secrets made for this machine alone', secrets), named('examples', examples)]
  const said = done.filter((part) => part !== '').join('; ')
  if (said === '') return undefined
  const filled = withVars(text, secrets)
  writeFileSync(FILE, named('', examples) ? withVars(filled + EXAMPLES_HEADER, examples) : filled)
  chmodSync(FILE, 0o600)
  return `filled in .dev.vars, with ${said}`
}

function named(what: string, vars: Vars): string {
  const names = Object.keys(vars)
  return names.length > 0 ? `${what}: ${names.join(', ')}` : ''
}

/** Returns the examples of settings that are given neither here, nor in the environment, nor in `wrangler.toml`. */
function lackingExamples(given: Vars): Vars {
  const configured: Vars = { ...deployedVars(undefined), ...given }
  const isGiven = (name: string) => Boolean(process.env[name]) || configured[name] !== undefined
  return Object.fromEntries(Object.entries(EXAMPLES).filter(([name]) => !isGiven(name)))
}

/**
 * Returns the secrets that are absent or placeholders, and not in the environment. If the environment has a key of
 * Stripe itself or Clerk itself, that key is used, and no local secret is made that would not match it. An empty
 * setting stays empty, except in a copy of `.dev.vars.example`.
 */
async function lackingSecrets(given: Vars): Promise<Vars> {
  const isUnset = (name: string) => !process.env[name] && /^(<.*>)?$/.test(given[name] ?? '')
  const isAbsent = (name: string) => isUnset(name) && given[name] !== ''
  const made = generateSecrets()
  const wanted: Vars = {}
  const want = (...names: string[]) => {
    for (const name of names) if (isAbsent(name) && made[name]) wanted[name] = made[name]
  }
  want('SERVICE_TOKEN', 'OPS_TOKEN', 'EVENTS_SECRET')
  if (isUnset('STRIPE_SECRET_KEY') || isLocal(given.STRIPE_SECRET_KEY))
    want('STRIPE_SECRET_KEY', 'STRIPE_WEBHOOK_SECRET')

  const isCopy = isAbsent('CLERK_JWT_KEY')
  if (isCopy) wanted.CLERK_JWT_KEY = (await ensureSessionKey()).publicKey.trim()
  const jwtKey = process.env.CLERK_JWT_KEY || given.CLERK_JWT_KEY || ''
  if (isCopy || jwtKey.trim() === readSessionKey()?.publicKey.trim())
    want('CLERK_WEBHOOK_SECRET', 'CLERK_SECRET_KEY')
  if (isCopy && isUnset('CLERK_SECRET_KEY') && made.CLERK_SECRET_KEY)
    wanted.CLERK_SECRET_KEY = made.CLERK_SECRET_KEY
  return wanted
}

const isLocal = (key = '') => key.startsWith(LOCAL_STRIPE_KEY)

/** Puts each variable in the place of its line, and new ones at the end. */
function withVars(text: string, vars: Vars): string {
  let filled = text.endsWith('\n') || text === '' ? text : `${text}\n`
  for (const [name, value] of Object.entries(vars)) {
    const line = new RegExp(`^[ \\t]*(export[ \\t]+)?${name}[ \\t]*=.*$`, 'm')
    const written = formatVars({ [name]: value })
    filled = line.test(filled) ? filled.replace(line, () => written.trimEnd()) : filled + written
  }
  return filled
}

/**
 * Returns the settings of `.dev.vars`. A variable of the environment wins over one of the file; their names are
 * returned too, and the numbers of the lines that set nothing.
 */
export function readSettings(): { settings: Vars; fromEnvironment: string[]; stray: number[] } {
  const text = devVarsText() ?? ''
  const settings = parseEnv(text) as Vars
  const fromEnvironment = Object.keys(settingsSchema().shape).filter((name) => process.env[name])
  for (const name of fromEnvironment) settings[name] = process.env[name] as string
  return { settings, fromEnvironment, stray: strayLines(text) }
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
