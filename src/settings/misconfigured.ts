/** Some settings are missing or malformed. Carries their names and the reasons, never a value. */
export class Misconfigured extends Error {
  override name = 'Misconfigured'
  readonly settings: string[]
  /** One for each setting: `<name>: <reason>`. */
  readonly reasons: string[]

  constructor(reasons: ReadonlyMap<string, string>) {
    super(`misconfigured: ${[...reasons.values()].join('; ')}`)
    this.settings = [...reasons.keys()]
    this.reasons = [...reasons.values()]
  }

  static of(name: string, reason: string): Misconfigured {
    return new Misconfigured(new Map([[name, `${name}: ${reason}`]]))
  }
}

const SECRETS = 'whsec_…, as the provider shows it; several are separated by commas'
const MOMENT = 'a moment in ISO 8601 with an offset, such as 2026-12-01T00:00:00Z'
const FLAG = '"true" or "false"'
const TOKENS =
  'tokens, separated by commas, each with or without "name:". A token has 8 characters or more: letters, digits and -._~+/'

/** What each setting takes, to be printed after `<name>: takes`. */
export const TAKES: Readonly<Record<string, string>> = {
  DATABASE_URL: 'postgres://user:password@host/database, as Neon shows it',
  CLERK_WEBHOOK_SECRET: SECRETS,
  STRIPE_WEBHOOK_SECRET: SECRETS,
  STRIPE_SECRET_KEY: 'sk_test_…, sk_live_…, rk_test_… or rk_live_…',
  CLERK_JWT_KEY: 'a PEM public key, from -----BEGIN PUBLIC KEY----- to its end line',
  CLERK_ISSUER: 'an https URL: Clerk’s Frontend API URL',
  APP_ORIGINS: 'origins such as https://app.example.com, separated by commas',
  APP_URL: 'an http or https URL: where your app is',
  SERVICE_TOKEN: TOKENS,
  GRANT_LIMIT: 'JSON with per_call, per_user_day and per_day, each whole credits',
  CAMPAIGNS: 'JSON, by a name of letters, digits, - _ and .: {"per_user": 100, "total": 5000}',
  CREDIT_PACKS:
    'JSON, by name: {"credits": 500, "price": "price_…"} or {"credits": 500, "amount": 500, "currency": "usd", "name": "500 credits"}, and what else docs/settings.md lists',
  PLANS: 'JSON, by Stripe price: {"key": "pro", "credits": 1000}, and what else docs/settings.md lists',
  APP_TAG: 'up to 64 letters, digits and _.:-',
  CANCEL_ON_DELETION: FLAG,
  OPS_TOKEN: TOKENS,
  ACCESS_TEAM_DOMAIN: 'https://<team>.cloudflareaccess.com, without a slash at its end',
  ACCESS_AUD: '64 hexadecimal digits: the application’s audience (AUD) tag',
  SPILL_ALWAYS: FLAG,
  SIGNUP_BONUS_CREDITS: 'whole credits, 12 digits at most',
  SIGNUP_BONUS_ONCE_PER: '"user" or "email"',
  REQUIRE_EMAIL: FLAG,
  CREDIT_SINCE: MOMENT,
  SIGNUP_BONUS_SINCE: MOMENT,
  CLERK_SECRET_KEY: 'sk_test_… or sk_live_…',
  RUN_SUBREQUESTS: 'a whole number from 10 to 9999',
  RECONCILE: '"off", "report" or "fix"',
  EVENTS_URL: 'an https URL with a public name; in development also a loopback URL',
  EVENTS_SECRET: 'whsec_ and 24 bytes or more in base64; it must be set if EVENTS_URL is set',
  LOW_BALANCE: 'whole credits, separated by commas, such as 100,20',
  ALERT_WEBHOOK_URL: 'an https URL with a public name; in development also a loopback URL',
  ALERT_WEBHOOK_SECRET: 'whsec_ and 24 bytes or more in base64',
  ALERTS: 'JSON, by alert: false, a threshold, or {"threshold": 0.1, "critical": false}',
  HEARTBEAT_URL: 'an https URL with a public name; in development also a loopback URL',
  METRICS_READ: '<account id>/<dataset>:<API token of Cloudflare’s>',
  PAYLOAD_RETENTION_DAYS: 'a whole number of days from 1 to 9999',
  USER_DELETION: '"deactivate" or "delete"',
  CLERK_INSTANCE_ID: 'ins_…',
  QUEUE_SPEED: 'a whole number from 1 to 99999, in development only',
  NEON_FETCH_ENDPOINT: 'a loopback URL, in development only',
  STRIPE_API_BASE: 'a loopback URL, in development only',
  CLERK_API_BASE: 'a loopback URL, in development only',
}

/** The message of a check without words of its own. In Node all of zod may be loaded, which has English ones. */
export const NO_WORDS = 'Invalid input'

/**
 * Returns why a setting is refused, for a person: `<name>: <reason>`. Never its value, which may be a secret. For JSON
 * it names the place, by the names in it.
 */
export function reasonOf({ message, path }: { message: string; path: PropertyKey[] }, env: object): string {
  const [name = '', ...inside] = path.map(String)
  const value: unknown = Reflect.get(env, name)
  if (value === undefined || (typeof value === 'string' && value.trim() === '')) return `${name}: is missing`
  if (typeof value === 'string' && /^<.*>$/.test(value)) return `${name}: is still a placeholder`
  const where = String(value).startsWith('{') && inside.length > 0 ? ` (see ${inside.join('.')})` : ''
  return `${name}: ${message === NO_WORDS ? `takes ${TAKES[name]}` : message}${where}`
}
