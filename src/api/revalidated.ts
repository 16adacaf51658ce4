import type { Context } from 'hono'
import { sha256 } from 'hono/utils/crypto'

/**
 * Returns the result with its `ETag`, or 304 without a body if the caller has the same already. A cache must revalidate
 * each time, and only the caller's own cache may keep it.
 */
export async function revalidated(c: Context, result: object): Promise<Response> {
  const text = JSON.stringify(result)
  const tag = `"${(await sha256(text))?.slice(0, 32)}"`
  const known = (c.req.header('If-None-Match') ?? '').split(',').map((one) => one.trim().replace(/^W\//, ''))
  const headers = { ETag: tag, 'Cache-Control': 'private, no-cache' }
  if (known.includes(tag) || known.includes('*')) return c.body(null, 304, headers)
  return c.body(text, 200, { ...headers, 'Content-Type': 'application/json' })
}
