// A bare Hono worker: the start-up time that Ledgerhook's is compared with.
import { Hono } from 'hono'

const app = new Hono()
app.get('/api/health', (c) => c.json({ status: 'ok' }))

export default app
