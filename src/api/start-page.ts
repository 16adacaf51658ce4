import type { Context } from 'hono'
import { html } from 'hono/html'

/** Returns a page at `/` with links, in development only. Undefined otherwise. */
export function startPage(c: Context): Response | Promise<Response> | undefined {
  const { NEON_FETCH_ENDPOINT, STRIPE_API_BASE, CLERK_API_BASE, OPS_TOKEN } = c.env
  // These two settings can only name a place on this machine.
  if (!(NEON_FETCH_ENDPOINT || STRIPE_API_BASE) || c.req.path !== '/') return undefined
  const places = [
    ['/api/docs', 'API', 'every route, with examples, and a way to try them'],
    [OPS_TOKEN && '/ops', 'Operators', 'what waits and why. Sign in with the OPS_TOKEN of .dev.vars'],
    [STRIPE_API_BASE, 'Local Stripe', 'what people bought, with buttons for what can happen to it'],
    [CLERK_API_BASE, 'Local Clerk', 'sign people up, ban and delete them'],
  ]
  return c.html(
    html`<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><link rel="icon" href="data:,"><title>Ledgerhook</title><body style="background:canvas;font:1rem/1.5 system-ui;margin:2rem"><main><h1>Ledgerhook</h1><p>It runs. This page exists only in development.${places.map(([href, name, what]) => href && html`<p><a href="${href}">${name}</a>: ${what}`)}<p>In a terminal: <code>npm run send -- clerk user.created</code></main>`,
  )
}
