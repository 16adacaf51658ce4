import { verifyToken } from '@clerk/backend'
import { Hono } from 'hono'
import { type Env, giveBack, spend } from './ledgerhook.ts'
import { page } from './page.ts'

/** Credits for one image. */
const PRICE = 3

/** An app that sells images for credits. The browser asks Ledgerhook itself for balance and checkout. */
const app = new Hono<{ Bindings: Env; Variables: { userId: string } }>()

app.get('/', (c) => c.html(page(c.env.LEDGERHOOK_URL)))
// Stripe sends people back to these, at Ledgerhook's APP_URL.
app.get('/billing/success', (c) => c.html(page(c.env.LEDGERHOOK_URL)))
app.get('/billing/cancelled', (c) => c.redirect('/'))
app.get('/billing', (c) => c.redirect('/'))

app.use('/api/*', async (c, next) => {
  const [, token = ''] = /^Bearer (.+)$/.exec(c.req.header('Authorization') ?? '') ?? []
  // Only tokens that were made for a page of this app.
  const authorizedParties = [new URL(c.req.url).origin]
  const { CLERK_JWT_KEY: jwtKey } = c.env
  const claims = await verifyToken(token, { jwtKey, authorizedParties }).catch(() => null)
  if (!claims) return c.json({ error: 'unauthorized' }, 401)
  c.set('userId', claims.sub)
  return await next()
})

app.put('/api/images/:id', async (c) => {
  const userId = c.get('userId')
  const prompt = await c.req.text()
  const key = await keyOf(userId, c.req.param('id'), prompt)
  const spent = await spend(c.env, userId, PRICE, key)
  if (spent === 'too_few_credits') return c.json({ error: spent }, 402)
  // It failed before. Without this, the next try would be free.
  if (spent === 'given_back') return c.json({ error: 'id_used' }, 409)
  try {
    return c.json({ image: await paint(prompt) })
  } catch (error) {
    await giveBack(c.env, userId, key)
    throw error
  }
})

/** Returns what is paid once: this prompt under this id. Without the prompt, other images would be free. */
async function keyOf(userId: string, id: string, prompt: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(prompt))
  return `image:${userId}:${id}:${btoa(String.fromCharCode(...new Uint8Array(digest)))}`
}

/** Stands for the work that costs you something. */
async function paint(prompt: string): Promise<string> {
  if (!prompt.trim()) throw new Error('nothing to paint')
  return `<svg xmlns="http://www.w3.org/2000/svg"><title>${prompt.replaceAll(/[<&]/g, '')}</title></svg>`
}

export default app
