import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { HTTPException } from 'hono/http-exception'
import { methodNotAllowed } from 'hono/method-not-allowed'
import { clerk } from './clerk/index.ts'
import { connect } from './db.ts'
import { Misconfigured, settingsOf } from './env.ts'
import { operatorsOnly, readiness } from './ready.ts'
import { stripe } from './stripe/index.ts'
import { log } from './webhook/log.ts'
import { receive } from './webhook/receive.ts'

export const providers = { clerk, stripe }

const MAX_BODY_BYTES = 1024 * 1024

export const app = new Hono<{ Bindings: object }>()

app.use(
  methodNotAllowed({
    app,
    onMethodNotAllowed: (c, methods) =>
      c.json({ error: 'method_not_allowed' }, 405, { Allow: methods.join(', ') }),
  }),
)

for (const provider of Object.values(providers)) {
  app.post(
    `/api/webhooks/${provider.name}`,
    bodyLimit({
      maxSize: MAX_BODY_BYTES,
      onError: (c) => {
        log({ message: 'refused', level: 'warn', provider: provider.name, cause: 'payload_too_large' })
        return c.json({ error: 'payload_too_large' }, 413)
      },
    }),
    async (c) => {
      const settings = settingsOf(c.env)
      const db = connect(settings.DATABASE_URL, settings.NEON_FETCH_ENDPOINT)
      return await receive(provider, c.req.raw, settings, db)
    },
  )
}

app.get('/api/health', (c) => c.json({ status: 'ok' }))
app.get('/api/ready', operatorsOnly, readiness)

app.notFound((c) => c.json({ error: 'not_found' }, 404))

app.onError((error, c) => {
  if (error instanceof HTTPException) return error.getResponse()
  if (error instanceof Misconfigured) {
    log({ message: 'misconfigured', level: 'error', settings: error.settings })
    return c.json({ error: 'misconfigured' }, 500)
  }
  // The name alone: messages of libraries may carry what they were given.
  log({ message: 'unexpected', level: 'error', cause: error.name })
  return c.json({ error: 'internal' }, 500)
})
