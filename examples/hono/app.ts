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
  const claims = await verifyToken(token, { jwtKey: c.env.CLERK_JWT_KEY }).catch(() => null)
  if (!claims) return c.json({ error: 'unauthorized' }, 401)
  c.set('userId', claims.sub)
  return await next()
})

app.put('/api/images/:id', async (c) => {
  const userId = c.get('userId')
  const key = `image:${userId}:${c.req.param('id')}`
  if (!(await spend(c.env, userId, PRICE, key))) return c.json({ error: 'too_few_credits' }, 402)
  try {
    return c.json({ image: await paint(await c.req.text()) })
  } catch (error) {
    await giveBack(c.env, userId, key)
    throw error
  }
})

/** Stands for the work that costs you something. */
async function paint(prompt: string): Promise<string> {
  if (!prompt.trim()) throw new Error('nothing to paint')
  return `<svg xmlns="http://www.w3.org/2000/svg"><title>${prompt.replaceAll(/[<&]/g, '')}</title></svg>`
}

export default app
