import type { Context } from 'hono'
import { html } from 'hono/html'

/** In development: where to go from `/`. Elsewhere nothing is there. */
export function startPage(c: Context): Response | Promise<Response> | undefined {
  const { NEON_FETCH_ENDPOINT, STRIPE_API_BASE, CLERK_API_BASE, OPS_TOKEN } = c.env
  // These two name a place on this machine, and nothing else.
  if (!(NEON_FETCH_ENDPOINT || STRIPE_API_BASE) || c.req.path !== '/') return undefined
  const places = [
    ['/api/docs', 'API'],
    [OPS_TOKEN && '/ops', 'Operators'],
    [STRIPE_API_BASE, 'Local Stripe'],
    [CLERK_API_BASE, 'Local Clerk'],
  ]
  return c.html(
    html`<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><link rel="icon" href="data:,"><title>Ledgerhook</title><body style="background:canvas"><main><h1>Ledgerhook</h1>${places.map(([href, name]) => href && html`<p><a href="${href}">${name}</a>`)}</main>`,
  )
}
