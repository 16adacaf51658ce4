import { deleteCookie, getSignedCookie, setSignedCookie } from 'hono/cookie'
import { html } from 'hono/html'
import { call, connect } from '../../db.ts'
import { tokenAmong } from '../../http.ts'
import { log } from '../../log.ts'
import { settingsOf } from '../../settings.ts'
import { assertionOf, personOf } from './access.ts'
import { type Call, fieldsOf, given } from './env.ts'
import { field, frame, hidden, required } from './html.ts'

const SESSION_S = 8 * 3_600
/** Returns the key that signs the sessions of a token: once the token is removed, its sessions have ended. */
const keyOf = (token: string) => `session of /ops ${token}`
const nameOf = ({ name }: { name: string | null }) => name ?? 'operator'

/** Returns the name of the operator who is signed in, at Cloudflare Access or by a token. */
export async function operatorOf(c: Call): Promise<string | undefined> {
  const person = await personOf(c)
  if (person !== undefined) return person
  for (const one of settingsOf(c.env).OPS_TOKEN ?? []) {
    // The cookie's value is when it ends, because a browser may keep a cookie for longer than it is told to.
    const until = await getSignedCookie(c, keyOf(one.token), 'ops', 'host')
    if (Number(until) > Date.now()) return nameOf(one)
  }
  return undefined
}

/** Shows the form in place of a page for operators, and leads back to that page after the sign-in. */
export const signInForm = (c: Call, says?: string, to = c.req.method === 'GET' ? urlOf(c) : '/ops') =>
  frame(
    c,
    'Sign in',
    html`<form method="post" action="/ops/sign-in">${hidden('to', to)}${field('Token (OPS_TOKEN)', 'token', '', html`type="password" autocomplete="current-password" ${required} autofocus`)} <button>Sign in</button></form>`,
    says,
    401,
  )

/** Returns the path of the page with its query, percent-encoded as the browser has sent it. */
function urlOf(c: Call) {
  const { pathname, search } = new URL(c.req.url)
  return pathname + search
}

/** Until when each bucket is blocked, in milliseconds, as the database has said. It is not asked again before that. */
const blocked = new Map<number, number>()

/**
 * Signs in a person who has a token. Failures slow down further attempts from the same network.
 * @throws DatabaseUnavailable
 */
export async function signIn(c: Call) {
  const fields = await fieldsOf(c)
  const settings = settingsOf(c.env)
  const one = await tokenAmong(given(fields.token) ?? '', settings.OPS_TOKEN)
  const bucket = await bucketOf(c.req.header('cf-connecting-ip') ?? '')
  const waitMs = (blocked.get(bucket) ?? 0) - Date.now()
  const { signed_in, retry_in_s } =
    waitMs > 0
      ? { signed_in: false, retry_in_s: Math.ceil(waitMs / 1_000) }
      : await call<{ signed_in: boolean; retry_in_s: number }>(connect(settings), 'try_sign_in', [
          { bucket, operator: one ? nameOf(one) : null },
        ])
  const to = String(fields.to)
  const back = /^\/ops([/?][\x21-\x7e]*)?$/.test(to) ? to : '/ops'
  if (!signed_in || !one) {
    const cause = one ? 'too_many_attempts' : 'wrong_token'
    log({ message: 'refused', level: 'warn', path: c.req.path, cause })
    blocked.set(bucket, Date.now() + retry_in_s * 1_000)
    const says =
      retry_in_s > 0 ? `Too many attempts: try again in ${retry_in_s} s` : 'This token is not valid'
    return await signInForm(c, says, back)
  }
  await setSignedCookie(c, 'ops', String(Date.now() + SESSION_S * 1_000), keyOf(one.token), {
    prefix: 'host',
    secure: true,
    httpOnly: true,
    sameSite: 'Strict',
    maxAge: SESSION_S,
  })
  return c.redirect(back, 303)
}

export function signOut(c: Call) {
  deleteCookie(c, 'ops', { prefix: 'host', secure: true })
  const isAtAccess = settingsOf(c.env).ACCESS_AUD && assertionOf(c)
  return c.redirect(isAtAccess ? '/cdn-cgi/access/logout' : '/ops', 303)
}

/** Returns one of 1,024 buckets for a network: an IPv4 address, or the first half of an IPv6 address. */
async function bucketOf(address: string): Promise<number> {
  const network = address.includes(':') ? address.split(':', 4).join(':') : address
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(network))
  return new DataView(digest).getUint16(0) % 1_024
}
