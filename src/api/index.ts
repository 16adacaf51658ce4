import type { Context, MiddlewareHandler } from 'hono'
import { cors } from 'hono/cors'
import { routePath } from 'hono/route'
import { verifySession } from '../clerk/session.ts'
import { bearer, limitBody, newApp, tokenAmong } from '../http.ts'
import { log } from '../log.ts'
import { tellingAfter } from '../outgoing/after.ts'
import { settingsOf } from '../settings.ts'
import { docsPage, docsScript } from './docs.ts'
import { check, readJson } from './input.ts'
import { OPENAPI } from './openapi.gen.ts'
import { revalidated } from './revalidated.ts'
import { Refusal, type Route } from './route.ts'
import { routes } from './routes.ts'

interface Env {
  Bindings: object
  Variables: { userId: string; tokenName: string | null }
}

const callers: Record<Route['caller'], MiddlewareHandler> = {
  user: bearer(async (token, c) => {
    const session = await verifySession(token, settingsOf(c.env))
    if (session.verified) c.set('userId', session.userId)
    else log({ message: 'refused', level: 'warn', path: c.req.routePath, cause: session.cause })
    return session.verified
  }),
  service: bearer(async (token, c) => {
    const known = await tokenAmong(token, settingsOf(c.env).SERVICE_TOKEN)
    c.set('tokenName', known?.name ?? null)
    return known !== undefined
  }),
}

/** Browsers may call from the app's own origins. A service token must never be in a browser. */
const fromApp = (methods: string[]): MiddlewareHandler =>
  cors({
    origin(origin, c) {
      if (settingsOf(c.env).APP_ORIGINS.includes(origin)) return origin
      // A browser shows such a response to nobody, so only the log says why. Our own page is no other origin.
      if (origin && origin !== new URL(c.req.url).origin)
        log({ message: 'refused', level: 'warn', path: routePath(c, -1), cause: 'origin_not_allowed' })
      return null
    },
    allowMethods: methods,
    allowHeaders: ['Authorization', 'Content-Type'],
    exposeHeaders: ['Retry-After'],
    maxAge: 600,
  })

const personal: MiddlewareHandler = async (c, next) => {
  await next()
  if (!c.res.headers.has('Cache-Control')) c.res.headers.set('Cache-Control', 'no-store')
}

/**
 * Returns the API of signed-in users and of your backend, and the document of all routes. Both are made from the one
 * list.
 */
export function account() {
  const app = newApp<Env>()
  for (const route of routes) {
    const path = route.path.replaceAll(/\{(\w+)\}/g, ':$1')
    if (route.caller === 'user') app.use(path, fromApp([route.method.toUpperCase()]))
    app.on(route.method.toUpperCase(), path, personal, callers[route.caller], limitBody, (c) =>
      respond(route, c),
    )
  }

  app.get('/api/openapi.json', (c) => c.body(OPENAPI, 200, { 'Content-Type': 'application/json' }))
  app.get('/api/docs', docsPage)
  app.get('/api/docs/:file{(scalar|start)\\.js}', docsScript)
  return app
}

async function respond(route: Route, c: Context<Env>): Promise<Response> {
  try {
    const settings = settingsOf(c.env)
    const result = await route.handle({
      userId: c.get('userId') ?? null,
      tokenName: c.get('tokenName') ?? null,
      params: route.params ? check(route.params, c.req.param()) : {},
      query: route.query ? check(route.query, c.req.query()) : {},
      body: route.body && check(route.body, await readJson(c.req.raw)),
      settings,
      db: tellingAfter(c, settings),
      header: (name, value) => c.header(name, value),
    })
    return route.revalidates ? await revalidated(c, result as object) : c.json(result as object)
  } catch (error) {
    if (error instanceof Refusal) return c.json(error.body, error.status, error.headers)
    throw error
  }
}
