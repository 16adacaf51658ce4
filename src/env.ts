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

/** Every setting of the Worker. Placeholders such as those of `.dev.vars.example` do not pass. */
export const settingsSchema = z.object({
  DATABASE_URL: setting(z.url({ protocol: /^postgres(ql)?$/ }).refine(namesUserAndDatabase)),
  CLERK_WEBHOOK_SECRET: secrets(/^(whsec_)?([A-Za-z0-9+/]{4}){4,}([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/),
  STRIPE_WEBHOOK_SECRET: secrets(/^whsec_[\x21-\x7e]{4,}$/),
  STRIPE_SECRET_KEY: setting(z.string().regex(/^[sr]k_(test|live)_\w{3,}$/)),
  OPS_TOKEN: setting(
    z
      .string()
      .regex(/^[\x21-\x7e]{8,}$/)
      .optional(),
  ),
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
