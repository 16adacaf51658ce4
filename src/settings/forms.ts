import * as z from 'zod/mini'
import { momentOf } from '../values.ts'

const blankIsUnset = (value: unknown) =>
  typeof value === 'string' && value.trim() === '' ? undefined : value
export const setting = <Schema extends z.ZodMiniType>(schema: Schema) =>
  z.pipe(z.transform(blankIsUnset), schema)

export const commaSeparated = () =>
  z.pipe(
    z.string(),
    z.transform((list) => list.split(',').map((member) => member.trim())),
  )

/** One secret, or several, separated by commas, while a secret is being rotated. */
export const secrets = (pattern: RegExp) =>
  setting(z.pipe(commaSeparated(), z.array(z.string().check(z.regex(pattern))).check(z.minLength(1))))
export const SVIX_SECRET = /^(whsec_)?([A-Za-z0-9+/]{4}){4,}([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/
export const flag = (fallback: 'true' | 'false') =>
  z.pipe(
    setting(z._default(z.enum(['true', 'false']), fallback)),
    z.transform((value) => value === 'true'),
  )
export const loopbackUrl = () =>
  z.url({ protocol: /^https?$/, hostname: /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/ })

/** An https URL with a public host name: no IP address, and no name that means something else in each network. */
export const publicUrl = () =>
  z.url({ protocol: /^https$/, hostname: /^(?!.*\.(local|internal|localhost)$)([\w-]+\.)+[a-z][\w-]*$/ })
/** The team domain of Cloudflare Access as its tokens name it: without a slash at the end. */
export const accessTeam = () => z.string().check(z.regex(/^https:\/\/([\w-]+\.)+cloudflareaccess\.com$/))
/** The issuer as Clerk's session tokens name it: without a slash at the end. It has a path if it is behind a proxy. */
export const issuer = () =>
  z
    .url({ protocol: /^https$/ })
    .check(z.refine((url) => !url.endsWith('/'), 'sessions name it without the "/" at the end; remove it'))
export const moment = () =>
  z.iso.datetime({ offset: true }).check(
    // Without it, Postgres would refuse each delivery that has such a moment in its facts.
    z.refine(
      (text) => momentOf(text) !== null,
      'takes years from 0001 on, and offsets below 16 hours: 1970-01-01T00:00:00Z is before everything',
    ),
  )
export const thresholds = () =>
  z.pipe(
    z.pipe(commaSeparated(), z.array(z.string().check(z.regex(/^[1-9]\d{0,11}$/)))),
    z.transform((list) => [...new Set(list.map(Number))].sort((a, b) => b - a)),
  )

export function namesUserAndDatabase(url: string): boolean {
  const parsed = URL.parse(url)
  return parsed !== null && parsed.username !== '' && parsed.pathname.length > 1
}

/**
 * Tokens, separated by commas, each with a name (`web:…`) or without one: no token contains a colon. A token is
 * anything that an `Authorization: Bearer` header may carry (RFC 6750), of 8 characters or more.
 */
export const namedTokens = () =>
  z.pipe(
    z.pipe(
      commaSeparated(),
      z.array(z.string().check(z.regex(/^([\w-]{1,32}:)?(?=.{8})[A-Za-z0-9._~+/-]+=*$/))),
    ),
    z.transform((tokens) => tokens.map(namedToken)),
  )

function namedToken(text: string): { name: string | null; token: string } {
  const [token = '', name = null] = text.split(':').reverse()
  return { name, token }
}

/** `<account id>/<dataset>:<token>` */
export const metricsReader = () =>
  z.pipe(
    z.string().check(z.regex(/^[0-9a-f]{32}\/[A-Za-z_]\w{0,95}:[\w-]{20,}$/)),
    z.transform((text) => {
      const [account = '', dataset = '', token = ''] = text.split(/[/:]/)
      return { account, dataset, token }
    }),
  )

export const origin = () =>
  z.string().check(
    z.refine((text) => /^https?:$/.test(URL.parse(text)?.protocol ?? '')),
    z.refine((text) => !/\/\/.*\//.test(text), 'an origin has no path; remove the "/" at the end'),
    z.refine((text) => URL.parse(text)?.origin === text),
  )
export const wholeCredits = () => z.int().check(z.minimum(0), z.maximum(10 ** 12))
export const nonEmpty = () => z.string().check(z.minLength(1))

export const json = () =>
  z.pipe(
    z.string(),
    z.transform((text, { issues }) => {
      try {
        return JSON.parse(text)
      } catch {
        issues.push({ code: 'custom', message: 'is not JSON', input: text })
        return z.NEVER
      }
    }),
  )
/** JSON, keyed by name. Empty if it is unset. */
export const jsonRecord = <Schema extends z.ZodMiniType>(schema: Schema, name = nonEmpty()) =>
  setting(z._default(z.pipe(json(), z.record(name, schema)), {}))
