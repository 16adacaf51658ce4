import createFetchClient from 'openapi-fetch'

/** @type {import('./index.d.ts').createClient} */
export function createClient({ url, token, fetch }) {
  if (!url)
    throw new TypeError(`createClient needs the url of your Ledgerhook, not ${url}: is a setting missing?`)
  const client = createFetchClient({ baseUrl: url.replace(/\/+$/, ''), ...(fetch && { fetch }) })
  client.use({
    async onRequest({ request }) {
      const current = typeof token === 'function' ? await token() : token
      if (current) request.headers.set('Authorization', `Bearer ${current}`)
      return request
    },
  })
  return client
}
