import type { Context } from 'hono'
import { asset } from '../http.ts'

/**
 * Scalar writes its own markup and styles. It may run only the scripts beside it, and make requests only to this
 * Worker.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "connect-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

const PAGE = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,"><title>Ledgerhook API</title></head>
<body>
<div id="app"></div>
<noscript>Without scripts: <a href="/api/openapi.json">the OpenAPI document</a></noscript>
<script src="/api/docs/scalar.js"></script><script src="/api/docs/start.js"></script>
</body></html>
`

/** Returns the OpenAPI document as a page. */
export function docsPage(c: Context): Response | Promise<Response> {
  c.header('Content-Security-Policy', POLICY)
  return c.html(PAGE)
}

/** Returns a script of that page: a file of the folder `assets/docs`. */
export const docsScript = (c: Context) => asset(c, `/docs/${c.req.param('file')}`)
