import { html, raw } from 'hono/html'

/** The page, before and after paying. */
export const page = (ledgerhook: string) => html`<!doctype html>
<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Images</title>
<p id="balance" role="status">…</p>
<button id="paint">Paint an image for 3 credits</button>
<button id="buy">Buy 500 credits</button>
<script type="module">
const LEDGERHOOK = ${raw(JSON.stringify(ledgerhook))}
${raw(script)}
</script>`

const script = `
// With Clerk: const getToken = () => window.Clerk.session.getToken()
// Here: open the page as /?token=$(npm run --silent token -- user_ada --origin http://localhost:3000)
const given = new URLSearchParams(location.search).get('token')
if (given) sessionStorage.setItem('token', given)
const getToken = async () => sessionStorage.getItem('token')

const show = (text) => { document.querySelector('#balance').textContent = text }

async function ask(url, init = {}) {
  const response = await fetch(url, { ...init, headers: { Authorization: 'Bearer ' + await getToken() } })
  return { status: response.status, ...(await response.json()) }
}

async function showBalance() {
  const { status, balance } = await ask(LEDGERHOOK + '/api/me')
  // 401: no token, an old one, or one of an origin that is not in Ledgerhook's APP_ORIGINS.
  show(status === 200 ? balance + ' credits' : 'signed out (' + status + ')')
}

async function buy() {
  const { status, url } = await ask(LEDGERHOOK + '/api/checkout', { method: 'POST', body: '{"pack": "starter"}' })
  if (url) location = url
  else show(status === 401 ? 'signed out (401)' : 'nothing can be bought now (' + status + ')')
}

document.querySelector('#buy').onclick = buy
document.querySelector('#paint').onclick = async () => {
  const { status } = await ask('/api/images/' + crypto.randomUUID(), { method: 'PUT', body: 'A harbour' })
  if (status === 402) return await buy()
  await showBalance()
}

// After paying: asks for the result, which also credits the payment at once.
const paid = new URLSearchParams(location.search).get('session_id')
if (paid) await ask(LEDGERHOOK + '/api/checkout/' + paid)
await showBalance()
`
