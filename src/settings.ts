import * as z from 'zod/mini'
import { once } from './once.ts'
import { alertChanges } from './settings/alerts.ts'
import {
  accessTeam,
  commaSeparated,
  flag,
  issuer,
  json,
  jsonRecord,
  loopbackUrl,
  metricsReader,
  moment,
  namedTokens,
  namesUserAndDatabase,
  origin,
  publicUrl,
  SVIX_SECRET,
  secrets,
  setting,
  thresholds,
  wholeCredits,
} from './settings/forms.ts'
import { Misconfigured, NO_WORDS, reasonOf } from './settings/misconfigured.ts'
import { creditPack, plan, sellsEachPriceOnce } from './settings/sold.ts'

/**
 * The most credits that may be granted. All three limits are required, so that somebody who has only the token cannot
 * mint more.
 */
const grantLimit = () =>
  z.strictObject({ per_call: wholeCredits(), per_user_day: wholeCredits(), per_day: wholeCredits() })
/** The most credits that a campaign grants, if it has a cap. */
const campaign = () =>
  z.strictObject({ per_user: z.optional(wholeCredits()), total: z.optional(wholeCredits()) })

/** Every setting of the Worker. Placeholders such as those of `.dev.vars.example` do not pass. */
export const settingsSchema = once(() =>
  z.object({
    DATABASE_URL: setting(z.url({ protocol: /^postgres(ql)?$/ }).check(z.refine(namesUserAndDatabase))),
    CLERK_WEBHOOK_SECRET: secrets(SVIX_SECRET),
    STRIPE_WEBHOOK_SECRET: secrets(/^whsec_[\x21-\x7e]{4,}$/),
    STRIPE_SECRET_KEY: setting(z.string().check(z.regex(/^[sr]k_(test|live)_\w{3,}$/))),
    /**
     * A PEM public key that verifies session tokens without a network request. Its line breaks may be written as `\n`.
     */
    CLERK_JWT_KEY: setting(
      z.optional(
        z.string().check(
          z.overwrite((pem) => pem.replaceAll('\\n', '\n')),
          z.regex(/^-----BEGIN PUBLIC KEY-----\s[\s\S]+-----END PUBLIC KEY-----\s*$/),
        ),
      ),
    ),
    CLERK_ISSUER: setting(z.optional(issuer())),
    /** Web origins of the app: CORS, and the `azp` of session tokens. */
    APP_ORIGINS: setting(z._default(z.pipe(commaSeparated(), z.array(origin())), [])),
    /** Where Checkout and the portal send people back to. */
    APP_URL: setting(
      z.optional(z.url({ protocol: /^https?$/ }).check(z.overwrite((url) => url.replace(/\/+$/, '')))),
    ),
    /** The tokens of your own backend: several during a rotation, each with a name that ledger entries keep. */
    SERVICE_TOKEN: setting(z.optional(namedTokens())),
    /** Limits what `POST /api/wallet/grant` may grant. Unset, it grants nothing. */
    GRANT_LIMIT: setting(z.optional(z.pipe(json(), grantLimit()))),
    /** By name. A name has no colon, because sums of grants are kept under keys that contain it. */
    CAMPAIGNS: jsonRecord(campaign(), z.string().check(z.regex(/^[\w.-]{1,64}$/))),
    CREDIT_PACKS: jsonRecord(creditPack()).check(sellsEachPriceOnce()),
    /** By Stripe price id. */
    PLANS: jsonRecord(plan()),
    /** The name of this app among those that share the Stripe account: `metadata.app`. */
    APP_TAG: setting(z.optional(z.string().check(z.regex(/^[\w.:-]{1,64}$/)))),
    CANCEL_ON_DELETION: flag('true'),
    /** The tokens of operators: several, each with a name that the record of their actions keeps. */
    OPS_TOKEN: setting(z.optional(namedTokens())),
    /** If Cloudflare Access protects the operators' page: whose sign-ins count, and for which application. */
    ACCESS_TEAM_DOMAIN: setting(z.optional(z.union([accessTeam(), loopbackUrl()]))),
    ACCESS_AUD: setting(z.optional(z.string().check(z.regex(/^[0-9a-f]{64}$/)))),
    /** For a burst that is expected: every delivery goes to the queue `SPILL`. */
    SPILL_ALWAYS: flag('false'),
    /** How many times faster than real time the delays of the queue pass. */
    QUEUE_SPEED: z.pipe(
      setting(z._default(z.string().check(z.regex(/^[1-9]\d{0,4}$/)), '1')),
      z.transform(Number),
    ),
    SIGNUP_BONUS_CREDITS: z.pipe(
      setting(z._default(z.string().check(z.regex(/^\d{1,12}$/)), '40')),
      z.transform(Number),
    ),
    REQUIRE_EMAIL: flag('true'),
    /** An ISO 8601 moment: what Stripe created before it to sell credits is never credited. Unset: everything is. */
    CREDIT_SINCE: setting(z.optional(moment())),
    /**
     * An ISO 8601 moment: a user who signed up at Clerk before it gets no bonus. Unset: the moment Ledgerhook was
     * installed.
     */
    SIGNUP_BONUS_SINCE: setting(z.optional(moment())),
    /** With "email", the bonus is also given only once per address, however it is spelled. */
    SIGNUP_BONUS_ONCE_PER: setting(z._default(z.enum(['user', 'email']), 'user')),
    /** For Clerk's Backend API: reads a user whose session arrives before any webhook about the user. */
    CLERK_SECRET_KEY: setting(z.optional(z.string().check(z.regex(/^sk_(test|live)_\w{3,}$/)))),
    /** How many requests one scheduled run may make: Cloudflare's free plan allows 50, paid plans 10,000. */
    RUN_SUBREQUESTS: z.pipe(
      setting(z._default(z.string().check(z.regex(/^([1-9]\d{1,3})$/)), '40')),
      z.transform(Number),
    ),
    /** Whether the scheduled run compares with Stripe and Clerk, and whether it corrects the differences. */
    RECONCILE: setting(z._default(z.enum(['off', 'report', 'fix']), 'report')),
    /** Where your app receives its events. Unset: no event is written. */
    EVENTS_URL: setting(z.optional(z.union([publicUrl(), loopbackUrl()]))),
    EVENTS_SECRET: setting(z.optional(secrets(SVIX_SECRET))),
    /** Thresholds in credits, the highest first: your app receives an event when a balance falls below one. */
    LOW_BALANCE: setting(z._default(thresholds(), [])),
    /** Where alerts are sent: Slack, or anything that takes its format. */
    ALERT_WEBHOOK_URL: setting(z.optional(z.union([publicUrl(), loopbackUrl()]))),
    ALERT_WEBHOOK_SECRET: setting(z.optional(secrets(SVIX_SECRET))),
    ALERTS: setting(z._default(alertChanges(), {})),
    /** Requested after every successful scheduled run: a monitor behind it notices when the requests stop. */
    HEARTBEAT_URL: setting(z.optional(z.union([publicUrl(), loopbackUrl()]))),
    /** An API token of Cloudflare's, for Account Analytics: reads what is written to the binding `METRICS`. */
    METRICS_READ: setting(z.optional(metricsReader())),
    /** How many days the payload of a settled delivery is kept. Unset: forever. */
    PAYLOAD_RETENTION_DAYS: z.pipe(
      setting(z.optional(z.string().check(z.regex(/^[1-9]\d{0,3}$/)))),
      z.transform((days) => (days === undefined ? undefined : Number(days))),
    ),
    USER_DELETION: setting(z._default(z.enum(['deactivate', 'delete']), 'deactivate')),
    CLERK_INSTANCE_ID: setting(z.optional(z.string().check(z.regex(/^ins_\w+$/)))),
    NEON_FETCH_ENDPOINT: setting(z.optional(loopbackUrl())),
    STRIPE_API_BASE: setting(z.optional(loopbackUrl())),
    CLERK_API_BASE: setting(z.optional(loopbackUrl())),
  }),
)

export type Settings = z.output<ReturnType<typeof settingsSchema>>

const parsed = new WeakMap<object, Settings | Misconfigured>()
const envs = new WeakMap<Settings, object>()

/** Returns the Worker's bindings that these settings were parsed from. */
export const envOf = (settings: Settings): object => envs.get(settings) ?? {}

/** Returns the settings, parsed once per isolate. @throws Misconfigured */
export function settingsOf(env: object): Settings {
  const settings = parsed.get(env) ?? parse(env)
  parsed.set(env, settings)
  if (settings instanceof Misconfigured) throw settings
  envs.set(settings, env)
  return settings
}

function parse(env: object): Settings | Misconfigured {
  const result = settingsSchema().safeParse(env, { error: () => NO_WORDS })
  if (result.success) return wrongTogether(result.data) ?? result.data
  const reasons = new Map<string, string>()
  for (const issue of result.error.issues) {
    const name = String(issue.path[0])
    if (!reasons.has(name)) reasons.set(name, reasonOf(issue, env))
  }
  return new Misconfigured(reasons)
}

/** Checks rules between settings: events are signed, and only development sends anything to a loopback address. */
function wrongTogether({ EVENTS_URL, EVENTS_SECRET, ...others }: Settings): Misconfigured | undefined {
  if (EVENTS_URL && !EVENTS_SECRET)
    return Misconfigured.of('EVENTS_SECRET', 'is missing, and EVENTS_URL is set')
  const isLocal = others.NEON_FETCH_ENDPOINT ?? others.STRIPE_API_BASE
  const { ALERT_WEBHOOK_URL, HEARTBEAT_URL, ACCESS_TEAM_DOMAIN, ACCESS_AUD } = others
  if (!ACCESS_TEAM_DOMAIN !== !ACCESS_AUD)
    return Misconfigured.of(
      ACCESS_AUD ? 'ACCESS_TEAM_DOMAIN' : 'ACCESS_AUD',
      'is missing: ACCESS_TEAM_DOMAIN and ACCESS_AUD belong together',
    )
  const urls = { EVENTS_URL, ALERT_WEBHOOK_URL, HEARTBEAT_URL, ACCESS_TEAM_DOMAIN }
  for (const [name, url] of Object.entries(urls))
    if (url && !isLocal && loopbackUrl().safeParse(url).success)
      return Misconfigured.of(name, 'is a loopback address, which is for development only')
  if (others.QUEUE_SPEED > 1 && !isLocal) return Misconfigured.of('QUEUE_SPEED', 'is for development only')
  return undefined
}
