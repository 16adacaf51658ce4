import * as z from 'zod'

const blankIsUnset = (value: unknown) =>
  typeof value === 'string' && value.trim() === '' ? undefined : value
const setting = <Schema extends z.ZodType>(schema: Schema) => z.preprocess(blankIsUnset, schema)

/** Several, comma-separated, while a secret is being rotated. */
const secrets = (pattern: RegExp) =>
  setting(
    z
      .string()
      .transform((list) => list.split(',').map((secret) => secret.trim()))
      .pipe(z.array(z.string().regex(pattern)).min(1)),
  )
const flag = (fallback: 'true' | 'false') =>
  setting(z.enum(['true', 'false']).default(fallback)).transform((value) => value === 'true')
const loopbackUrl = z.url({ protocol: /^https?$/, hostname: /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/ })

function namesUserAndDatabase(url: string): boolean {
  const parsed = URL.parse(url)
  return parsed !== null && parsed.username !== '' && parsed.pathname.length > 1
}

/** What may stand in an `Authorization: Bearer` header (RFC 6750), 8 characters or more. */
const token = z.string().regex(/^(?=.{8})[A-Za-z0-9._~+/-]+=*$/)
const origin = z.url({ protocol: /^https?$/ }).refine((url) => URL.parse(url)?.origin === url)
const wholeCredits = z
  .number()
  .int()
  .min(0)
  .max(10 ** 12)

/** What one pack sells: credits, for an amount in minor units of the currency. */
const creditPack = z.object({
  credits: wholeCredits.min(1),
  amount: z.number().int().min(0),
  currency: z.string().regex(/^[a-z]{3}$/),
  name: z.string().min(1),
})
/** What a Stripe price stands for. Credits are granted once per period, times quantity; in a free trial only where it says so. */
const plan = z.object({
  key: z.string().min(1),
  credits: wholeCredits.default(0),
  trial_credits: z.boolean().default(false),
})

const jsonOf = <Schema extends z.ZodType>(schema: Schema) =>
  z
    .string()
    .transform((text, context) => {
      try {
        return JSON.parse(text)
      } catch {
        context.addIssue({ code: 'custom', message: 'not JSON' })
        return z.NEVER
      }
    })
    .pipe(schema)

/** Every setting of the Worker. Placeholders such as those of `.dev.vars.example` do not pass. */
export const settingsSchema = z.object({
  DATABASE_URL: setting(z.url({ protocol: /^postgres(ql)?$/ }).refine(namesUserAndDatabase)),
  CLERK_WEBHOOK_SECRET: secrets(/^(whsec_)?([A-Za-z0-9+/]{4}){4,}([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/),
  STRIPE_WEBHOOK_SECRET: secrets(/^whsec_[\x21-\x7e]{4,}$/),
  STRIPE_SECRET_KEY: setting(z.string().regex(/^[sr]k_(test|live)_\w{3,}$/)),
  /** PEM public key that verifies session tokens with no network; also with its line breaks written as `\n`. */
  CLERK_JWT_KEY: setting(
    z
      .string()
      .transform((pem) => pem.replaceAll('\\n', '\n'))
      .pipe(z.string().regex(/^-----BEGIN PUBLIC KEY-----\s[\s\S]+-----END PUBLIC KEY-----\s*$/))
      .optional(),
  ),
  CLERK_ISSUER: setting(z.url({ protocol: /^https$/ }).optional()),
  /** Web origins of the app: CORS, and the `azp` of session tokens. */
  APP_ORIGINS: setting(
    z
      .string()
      .transform((list) => list.split(',').map((origin) => origin.trim()))
      .pipe(z.array(origin))
      .default([]),
  ),
  /** Where Checkout and the portal send people back to. */
  APP_URL: setting(
    z
      .url({ protocol: /^https?$/ })
      .transform((url) => url.replace(/\/+$/, ''))
      .optional(),
  ),
  SERVICE_TOKEN: setting(token.optional()),
  CREDIT_PACKS: setting(jsonOf(z.record(z.string().min(1), creditPack)).default({})),
  /** By Stripe price id. */
  PLANS: setting(jsonOf(z.record(z.string().min(1), plan)).default({})),
  CANCEL_ON_DELETION: flag('true'),
  OPS_TOKEN: setting(token.optional()),
  SIGNUP_BONUS_CREDITS: setting(
    z
      .string()
      .regex(/^\d{1,12}$/)
      .default('40'),
  ).transform(Number),
  REQUIRE_EMAIL: flag('true'),
  USER_DELETION: setting(z.enum(['deactivate', 'delete']).default('deactivate')),
  CLERK_INSTANCE_ID: setting(
    z
      .string()
      .regex(/^ins_\w+$/)
      .optional(),
  ),
  NEON_FETCH_ENDPOINT: setting(loopbackUrl.optional()),
  STRIPE_API_BASE: setting(loopbackUrl.optional()),
})

export type Settings = z.output<typeof settingsSchema>

/** Some settings are missing or malformed. Carries their names, never a value. */
export class Misconfigured extends Error {
  override name = 'Misconfigured'
  readonly settings: string[]

  constructor(settings: string[]) {
    super(`missing or malformed: ${settings.join(', ')}`)
    this.settings = settings
  }
}

const parsed = new WeakMap<object, Settings | Misconfigured>()

/** The settings, parsed once per isolate. @throws Misconfigured */
export function settingsOf(env: object): Settings {
  const settings = parsed.get(env) ?? parse(env)
  parsed.set(env, settings)
  if (settings instanceof Misconfigured) throw settings
  return settings
}

function parse(env: object): Settings | Misconfigured {
  const result = settingsSchema.safeParse(env)
  if (result.success) return result.data
  return new Misconfigured([...new Set(result.error.issues.map((issue) => String(issue.path[0])))])
}
