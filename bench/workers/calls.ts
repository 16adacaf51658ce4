// The floors of an app's calls: the caller is verified as in Ledgerhook, then there is one conditional update, or one
// select. It has no idempotency key and no ledger, so a repeated call moves credits again.
import { verifyToken } from '@clerk/backend'
import { timingSafeEqual } from 'hono/utils/buffer'
import { connect } from './connect.ts'

interface Env {
  DATABASE_URL: string
  NEON_FETCH_ENDPOINT: string
  SERVICE_TOKEN: string
  CLERK_JWT_KEY: string
}

const READ = 'select user_id, balance from wallets where user_id = $1'
const MOVE = `update wallets set balance = balance + $2 where user_id = $1 and balance + $2 >= 0 returning balance`

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const token = (request.headers.get('Authorization') ?? '').slice('Bearer '.length)
    if (request.method === 'GET') {
      const { sub } = await verifyToken(token, { jwtKey: env.CLERK_JWT_KEY })
      return found(await connect(env).query(READ, [sub]))
    }
    if (!(await timingSafeEqual(token, env.SERVICE_TOKEN))) return new Response(null, { status: 401 })
    const { user_id, amount } = (await request.json()) as { user_id: string; amount: number }
    const change = new URL(request.url).pathname.endsWith('/spend') ? -amount : amount
    return found(await connect(env).query(MOVE, [user_id, change]))
  },
}

const found = ([wallet]: { balance?: string }[]) =>
  wallet ? Response.json({ balance: Number(wallet.balance) }) : new Response(null, { status: 402 })
