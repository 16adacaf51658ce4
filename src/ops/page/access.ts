import { decodeJwt, verifyJwt } from '@clerk/backend/jwt'
import { routePath } from 'hono/route'
import { log } from '../../log.ts'
import { loopbackUrl } from '../../settings/forms.ts'
import { settingsOf } from '../../settings.ts'
import { member } from '../../values.ts'
import type { Call } from './env.ts'

type Keys = (JsonWebKey & { kid?: string })[]

/**
 * Access replaces its keys every six weeks, and old ones are valid for seven days more. A withdrawn key counts for at
 * most this long.
 */
const KEPT_MS = 3_600_000
/**
 * A token that names an unknown key makes the Worker read the keys again, but at most this often, even if somebody
 * makes up tokens.
 */
const AGAIN_MS = 60_000
const AFTER_FAILURE_MS = 5_000
const LIMIT_MS = 3_000

/** The team's keys that this isolate read last, and when it may read them again. */
let known = { team: '', at: 0, keys: [] as Keys }
let mayReadAt = 0

/**
 * Returns who has signed in at Cloudflare Access, if that protects the page: `access:` and Access's own id of the
 * person, which is no personal data. A service token names no person. Everything is verified: signature, team,
 * application and times
 * (https://developers.cloudflare.com/cloudflare-one/access-controls/applications/http-apps/authorization-cookie/validating-json/).
 */
export async function personOf(c: Call): Promise<string | undefined> {
  const { ACCESS_TEAM_DOMAIN: team, ACCESS_AUD: aud } = settingsOf(c.env)
  const token = assertionOf(c)
  if (!team || !aud || !token) return undefined
  const refuse = (cause: unknown) => {
    log({ message: 'refused', level: 'warn', path: routePath(c, -1), cause: `access: ${cause}` })
    return undefined
  }
  try {
    const { alg, kid } = decodeJwt(token).header
    const key = (await keysOf(team, kid)).find((one) => one.kid === kid)
    if (!key || alg !== 'RS256') return refuse('unknown_key')
    const claims: object = await verifyJwt(token, { key, issuer: team })
    // The library accepts a token without an audience as one for every audience.
    const audience = [member(claims, 'aud')].flat()
    const id = String(member(claims, 'sub'))
    if (!audience.includes(aud)) return refuse('another_audience')
    return /^[\w-]{1,64}$/.test(id) ? `access:${id}` : refuse('no_person')
  } catch (error) {
    // The library's code only: its message may quote the token.
    return refuse(member(error, 'reason') ?? 'unusable')
  }
}

/** Returns the token that Access sends along. Only over https, except on this machine. */
export const assertionOf = (c: Call) =>
  c.req.url.startsWith('https:') || loopbackUrl().safeParse(c.req.url).success
    ? c.req.header('cf-access-jwt-assertion')
    : undefined

async function keysOf(team: string, kid: string | undefined): Promise<Keys> {
  const now = Date.now()
  const keys = known.team === team && now - known.at < KEPT_MS ? known.keys : []
  if (now < mayReadAt || keys.some((key) => key.kid === kid)) return keys
  try {
    known = { team, at: now, keys: await readKeys(team) }
    mayReadAt = now + AGAIN_MS
    return known.keys
  } catch (error) {
    mayReadAt = now + AFTER_FAILURE_MS
    throw error
  }
}

async function readKeys(team: string): Promise<Keys> {
  const signal = AbortSignal.timeout(LIMIT_MS)
  const response = await fetch(`${team}/cdn-cgi/access/certs`, { redirect: 'manual', signal })
  const keys = member(await response.json(), 'keys')
  if (!response.ok || !Array.isArray(keys)) throw Object.assign(new Error(), { reason: 'no_keys' })
  return keys
}
