import type { Context } from 'hono'
import { html, raw } from 'hono/html'
import type { Document, Operation, Schema } from './openapi.ts'

const STYLE = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; color: #1b1b1b; background: #fff }
h2 { margin-top: 2.5rem; border-top: 1px solid #ddd; padding-top: 1rem; font-size: 1.15rem }
h2 b { background: #0b5; color: #fff; padding: .1rem .5rem; border-radius: .3rem; font-size: .85rem }
h2 b.post { background: #06c }
pre { background: #f5f5f5; padding: .75rem; overflow-x: auto; font-size: .85rem }
th, td { text-align: left; padding: .15rem 1rem .15rem 0; vertical-align: top }
@media (prefers-color-scheme: dark) { body { background: #161616; color: #eee } pre { background: #222 } h2 { border-color: #333 } }
`

/** The document as a page. Everything in it is escaped, and nothing is loaded or run. */
export function docsPage(c: Context, document: Document): Response | Promise<Response> {
  c.header(
    'Content-Security-Policy',
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
  )
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => section(method, path, operation)),
  )
  return c.html(html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${document.info.title} API</title><style>${raw(STYLE)}</style></head>
<body>
<h1>${document.info.title} API</h1>
<p>${document.info.description} The same as <a href="/api/openapi.json">OpenAPI 3.1</a>.</p>
<table>${Object.entries(document.components.securitySchemes).map(
    ([name, { description }]) =>
      html`<tr><th>${name}</th><td>Authorization: Bearer, ${description}</td></tr>`,
  )}</table>
${operations}
</body></html>`)
}

function section(method: string, path: string, operation: Operation) {
  const { parameters, requestBody, responses, security } = operation
  return html`<h2 id="${method}-${path}"><b class="${method}">${method.toUpperCase()}</b> <code>${path}</code></h2>
<p>${operation.summary}. ${operation.description ?? ''} ${security && html`Needs <code>${security.flatMap(Object.keys)}</code>.`}</p>
${
  parameters.length > 0 &&
  html`<table>${parameters.map(
    ({ name, required, description, schema }) =>
      html`<tr><th><code>${name}</code></th><td>${required ? 'required' : 'optional'}</td><td>${describe(schema)}</td><td>${description}</td></tr>`,
  )}</table>`
}
${requestBody && html`<h3>Body</h3>${block(requestBody.content)}`}
<h3>Responses</h3>
${Object.entries(responses).map(
  ([status, response]) =>
    html`<details ${status === '200' ? 'open' : ''}><summary>${status} ${response.description}</summary>${block(response.content)}</details>`,
)}`
}

const block = (content: { 'application/json': { schema: Schema } }) =>
  html`<pre>${JSON.stringify(content['application/json'].schema, null, 2)}</pre>`

const describe = (schema: Schema) =>
  Object.entries(schema)
    .map(([member, value]) => (member === 'type' ? value : `${member} ${JSON.stringify(value)}`))
    .join(', ')
