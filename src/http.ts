import type { Context, Env, MiddlewareHandler } from 'hono'
import { bearerAuth } from 'hono/bearer-auth'
import { bodyLimit } from 'hono/body-limit'
import { HonoBase } from 'hono/hono-base'
import { matchedRoutes, routePath } from 'hono/route'
import { TrieRouter } from 'hono/router/trie-router'
import { timingSafeEqual } from 'hono/utils/buffer'
import { log } from './log.ts'
import { missed } from './missed.ts'

/**
 * Returns a Hono app whose routes are found in a trie. The default router is faster after a thousand requests, but it
 * compiles all routes to a regular expression before the first one, and a new isolate would wait for that.
 */
export const newApp = <E extends Env>() => new HonoBase<E>({ router: new TrieRouter() })

const MAX_BODY_BYTES = 1024 * 1024

/** Returns the provider whose webhook was requested, or undefined for any other route. */
export const webhookOf = (c: Context): string | undefined =>
  /^\/api\/webhooks\/(clerk|stripe)$/.exec(c.req.path)?.[1]

/** Returns the path of the route that was requested, and of no middleware, which may apply to more than that. */
const pathOf = (c: Context) =>
  matchedRoutes(c).findLast(({ path }) => !path.includes('*'))?.path ?? routePath(c, -1)

export const limitBody: MiddlewareHandler = bodyLimit({
  maxSize: MAX_BODY_BYTES,
  onError: (c) => {
    const provider = webhookOf(c)
    const cause = 'payload_too_large'
    log({ message: 'refused', level: 'warn', ...(provider && { provider }), path: pathOf(c), cause })
    if (provider) missed(c.env, provider, 'refused', cause, 413)
    return c.json({ error: cause }, 413)
  },
})

/** Lets a request through if its bearer token passes. Any other is refused as unauthorized, without a reason. */
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

/**
 * Returns the one of these tokens that was given. It compares with all of them, in constant time, so that the time
 * reveals nothing about any.
 */
export async function tokenAmong<Token extends { token: string }>(
  given: string,
  tokens: readonly Token[] = [],
): Promise<Token | undefined> {
  const same = await Promise.all(tokens.map(({ token }) => timingSafeEqual(given, token)))
  return tokens[same.indexOf(true)]
}

/** The binding that serves the folder `assets`: the Worker hands these files out itself. */
interface Assets {
  fetch(request: Request): Promise<Response>
}

/**
 * Returns a file of the folder `assets`; the response's headers can be changed. Returns 404 if the folder is not bound.
 */
export async function asset(c: Context, path: string): Promise<Response> {
  const { ASSETS } = c.env as { ASSETS?: Assets }
  if (!ASSETS) return await c.notFound()
  const file = await ASSETS.fetch(new Request(new URL(path, c.req.url), c.req.raw))
  return new Response(file.body, file)
}

/** In development, ends a JSON response with a line break, for the terminal that shows it. */
export const endedByNewline: MiddlewareHandler = async (c, next) => {
  await next()
  if ('NEON_FETCH_ENDPOINT' in c.env && c.res.headers.get('Content-Type')?.includes('json'))
    c.res = new Response(`${await c.res.text()}\n`, c.res)
}
