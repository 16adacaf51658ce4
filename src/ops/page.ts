import type { Context } from 'hono'
import { settingsOf } from '../settings.ts'
import { page } from './page/index.ts'

/** Serves the operators' page. Without an `OPS_TOKEN` there is none. */
export async function operatorsPage(c: Context): Promise<Response> {
  if (!settingsOf(c.env).OPS_TOKEN) return await c.notFound()
  return await page().fetch(c.req.raw, c.env, c.executionCtx)
}
