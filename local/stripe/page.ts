import { html } from 'hono/html'
import { type Content, field } from '../../src/ops/page/html.ts'
import { seeOther, webPage } from '../web-page.ts'
import { choicesOf } from './buyer.ts'
import { ApiError, cardDeclined } from './errors.ts'
import { deliver } from './events.ts'
import type { Answer, Request } from './http.ts'
import { openLink } from './links.ts'
import { pay, payLater } from './payments.ts'
import type { Services } from './services.ts'
import { retrieveSession } from './sessions.ts'
import type { Event, Session } from './state.ts'

/**
 * Serves the payment page `/pay/<session>`, which replaces checkout.stripe.com. As there, the webhook is delivered
 * first, and the person is sent back after its response.
 */
export async function page(services: Services, request: Request): Promise<Answer> {
  try {
    return await opened(services, request)
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    const { status, message } = error
    return await show('Not here', html`<p>${message}`, { status })
  }
}

async function opened(services: Services, { method, path, query, body }: Request): Promise<Answer> {
  const [, kind, id = ''] = path.split('/')
  if (kind === 'app') return await show('Your app', yourApp(query))
  if (kind === 'portal') return await show('Billing portal', portal(id))
  if (kind === 'buy') {
    const { url } = openLink(services.account, id, Object.fromEntries(new URLSearchParams(query)))
    return seeOther(String(url))
  }
  const session = retrieveSession(services.account, id)
  const { with: by, ...chosen } = Object.fromEntries(new URLSearchParams(body))
  if (method !== 'POST' || session.status !== 'open') return await show('Checkout', form(services, session))
  // As at Stripe, the session stays open and the person can try another card.
  if (by === 'declined')
    return await show('Checkout', form(services, session), { said: cardDeclined().message })
  const finish = by === 'debit' ? payLater : pay
  const choices = Object.fromEntries(Object.entries(chosen).map(([name, text]) => [name, Number(text)]))
  let events: Event[]
  try {
    ;({ events } = services.recorded(() => finish(services.account, id, choices)))
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    return await show('Checkout', form(services, session), { said: error.message })
  }
  await deliver(events, services.account.state)
  return seeOther(session.success_url.replaceAll('{CHECKOUT_SESSION_ID}', id))
}

const show = (title: string, content: Content, more: { said?: string; status?: number } = {}) =>
  webPage('Local Stripe', { title, content, ...more })

/** The page that people come back to when `APP_URL` is not set. */
function yourApp(query: string): Content {
  const session = new URLSearchParams(query).get('session_id')
  if (!session) return html`<p>This is where people come back to: set <code>APP_URL</code> to your app.`
  return html`<p>Paid. Your app, at <code>APP_URL</code>, now asks what became of it:
<pre tabindex="0">GET /api/checkout/${session}</pre>`
}

const portal = (customer: string): Content =>
  html`<p>Stripe's customer portal of <code>${customer}</code>. What can happen to its subscriptions is <a href="/">with
everything else</a>.`

/** Labels of the choices. Amounts are in minor units, as in the API. */
const LABELS: Record<string, string> = {
  quantity: 'Quantity',
  amount: 'Amount, such as 500 for 5.00',
  discount: 'Taken off by a promotion code',
  shipping: 'Shipping, such as 200 for 2.00',
  tax: 'Tax, such as 190 for 1.90',
}

function form({ account }: Services, session: Session): Content {
  if (session.status !== 'open') return html`<p>This session is ${session.status}.`
  const order = account.state.orders.get(session.id)
  const amount = `${(session.amount_total / 100).toFixed(2)} ${session.currency.toUpperCase()}`
  const debit =
    session.mode === 'payment' && html`<button name="with" value="debit">Pay by bank debit</button>`
  const cancel = session.cancel_url && html`<a href="${session.cancel_url}">Cancel</a>`
  const choices = Object.entries(order ? choicesOf(session, order) : {}).map(
    ([name, now]) => html`<p>${field(LABELS[name] ?? name, name, String(now), html`type="number" min="0"`)}`,
  )
  return html`<p>${order?.lines.map(({ name }) => name).join(', ') ?? ''}: <b>${amount}</b></p>
<form method="post">${choices}<button name="with" value="card">Pay by card</button> ${debit}
<button name="with" value="declined">Try a card that is declined</button> ${cancel}</form>`
}
