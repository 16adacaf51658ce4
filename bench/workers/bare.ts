// A bare Hono worker, with whose start-up time Ledgerhook's is compared.
import { Hono } from 'hono'

const app = new Hono()
app.get('/api/health', (c) => c.json({ status: 'ok' }))

export default app
