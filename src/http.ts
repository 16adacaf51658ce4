import type { Context, Env, MiddlewareHandler } from 'hono'
import { bearerAuth } from 'hono/bearer-auth'
import { bodyLimit } from 'hono/body-limit'
import { HonoBase } from 'hono/hono-base'
import { routePath } from 'hono/route'
import { TrieRouter } from 'hono/router/trie-router'
import { timingSafeEqual } from 'hono/utils/buffer'
import { log } from './log.ts'
import { missed } from './missed.ts'

/**
 * A Hono app whose routes are found in a trie. The default router is faster after a thousand requests: before the first
 * one it makes a regular expression of all routes, which an isolate would wait for.
 */
export const newApp = <E extends Env>() => new HonoBase<E>({ router: new TrieRouter() })

const MAX_BODY_BYTES = 1024 * 1024

/** The provider to whose webhook a request was made. Undefined for any other route. */
export const webhookOf = (c: Context): string | undefined =>
  /^\/api\/webhooks\/(clerk|stripe)$/.exec(c.req.path)?.[1]

export const limitBody: MiddlewareHandler = bodyLimit({
  maxSize: MAX_BODY_BYTES,
  onError: (c) => {
    log({ message: 'refused', level: 'warn', path: routePath(c, -1), cause: 'payload_too_large' })
    const provider = webhookOf(c)
    if (provider) missed(c.env, provider, 'refused', 'payload_too_large', 413)
    return c.json({ error: 'payload_too_large' }, 413)
  },
})

/** Lets a request through whose bearer token passes. Any other is refused as unauthorized, and does not learn why. */
export function bearer(
  verifyToken: (token: string, c: Context) => boolean | Promise<boolean>,
): MiddlewareHandler {
  const refuse = {
    wwwAuthenticateHeader: 'Bearer',
    message: () => Response.json({ error: 'unauthorized' }, { status: 401 }),
  }
  return bearerAuth({
    verifyToken,
    noAuthenticationHeader: refuse,
    invalidAuthenticationHeader: refuse,
    invalidToken: refuse,
  })
}

/** Returns which of these tokens is given. Each is compared, in constant time, so that the time says nothing of any. */
export async function tokenAmong<Token extends { token: string }>(
  given: string,
  tokens: readonly Token[] = [],
): Promise<Token | undefined> {
  const same = await Promise.all(tokens.map(({ token }) => timingSafeEqual(given, token)))
  return tokens[same.indexOf(true)]
}

/** Where files of the folder `assets` are: the Worker hands them out itself. */
interface Assets {
  fetch(request: Request): Promise<Response>
}

/** Returns a file of the folder `assets`, with headers that can be added to. Not found where the folder is not bound. */
export async function asset(c: Context, path: string): Promise<Response> {
  const { ASSETS } = c.env as { ASSETS?: Assets }
  if (!ASSETS) return await c.notFound()
  const file = await ASSETS.fetch(new Request(new URL(path, c.req.url), c.req.raw))
  return new Response(file.body, file)
}

/** In development an answer ends its line, for the terminal that shows it. */
export const endedByNewline: MiddlewareHandler = async (c, next) => {
  await next()
  if ('NEON_FETCH_ENDPOINT' in c.env && c.res.headers.get('Content-Type')?.includes('json'))
    c.res = new Response(`${await c.res.text()}\n`, c.res)
}
