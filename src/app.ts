import { HTTPException } from 'hono/http-exception'
import { methodNotAllowed } from 'hono/method-not-allowed'
import { routePath } from 'hono/route'
import { account } from './api/index.ts'
import { startPage } from './api/start-page.ts'
import { DatabaseUnavailable } from './db.ts'
import { endedByNewline, limitBody, newApp, webhookOf } from './http.ts'
import { log } from './log.ts'
import { record } from './metrics.ts'
import { missed } from './missed.ts'
import { alerts } from './ops/alerts.ts'
import { deepHealth } from './ops/deep-health.ts'
import { explanation } from './ops/explain-route.ts'
import { asJson, readers } from './ops/page/as-json.ts'
import { operatorsPage } from './ops/page.ts'
import { takesOnly } from './ops/query.ts'
import { rates } from './ops/rates.ts'
import { operatorsOnly, readiness } from './ops/ready.ts'
import { tellingAfter } from './outgoing/after.ts'
import { providers } from './providers.ts'
import { spillOf } from './queue/spill.ts'
import { Misconfigured } from './settings/misconfigured.ts'
import { settingsOf } from './settings.ts'
import { receive } from './webhook/receive.ts'

export const app = newApp<{ Bindings: object }>()

// First, so that a delivery runs through none of the middleware below, which is for the other routes.
for (const provider of Object.values(providers)) {
  app.post(`/api/webhooks/${provider.name}`, limitBody, async (c) => {
    const settings = settingsOf(c.env)
    const spill = spillOf(c.env, settings)
    return await receive(provider, c.req.raw, settings, tellingAfter(c, settings), spill)
  })
}

app.use(
  methodNotAllowed({
    app,
    onMethodNotAllowed: (c, methods) =>
      c.json({ error: 'method_not_allowed' }, 405, { Allow: methods.join(', ') }),
  }),
)

app.use(async function counting(c, next) {
  const startedAt = Date.now()
  await next()
  const { status } = c.res
  record(c.env, {
    provider: 'api',
    type: `${c.req.method} ${routePath(c, -1)}`,
    outcome: `${status}`,
    reason: null,
    status,
    fallback: 'none',
    secret: null,
    count: 1,
    duration_ms: Date.now() - startedAt,
    database_ms: 0,
  })
})
app.use(endedByNewline)
app.get('/api/health/deep', async (c) => {
  // SPILL_ALWAYS without a queue makes every webhook fail, so this fails too.
  spillOf(c.env, settingsOf(c.env))
  return await deepHealth(c)
})
app.get('/api/health', (c) => c.json({ status: 'ok' }))
app.get('/api/ready', operatorsOnly, readiness)
app.get('/api/ops/explain/:id', operatorsOnly, explanation)
app.all('/ops/*', operatorsPage)
app.get('/api/ops/rates', operatorsOnly, rates)
app.get('/api/ops/alerts', operatorsOnly, alerts)
for (const [path, { read, fields }] of Object.entries(readers))
  app.get(`/api/ops/${path}`, operatorsOnly, takesOnly(fields), asJson(read))
app.route('/', account())

app.notFound((c) => startPage(c) ?? c.json({ error: 'not_found' }, 404))

app.onError((error, c) => {
  if (error instanceof HTTPException) return error.getResponse()
  const provider = webhookOf(c)
  if (provider) missed(c.env, provider, 'unavailable', error.name, 500)
  if (error instanceof Misconfigured) {
    log({ message: 'misconfigured', level: 'error', settings: error.settings, reasons: error.reasons })
    return c.json({ error: 'misconfigured' }, 500)
  }
  if (error instanceof DatabaseUnavailable) {
    log({ message: 'unavailable', level: 'error', path: routePath(c, -1), cause: error.message })
    return c.json({ error: 'unavailable' }, 503, { 'Retry-After': '10' })
  }
  // The name only: a library's message may quote its input.
  log({ message: 'unexpected', level: 'error', cause: error.name })
  return c.json({ error: 'internal' }, 500)
})
