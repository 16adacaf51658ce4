import { html } from 'hono/html'
import { type Content, field } from '../../src/ops/page/html.ts'
import { money } from '../../src/stripe/minor-units.ts'
import { seeOther, webPage } from '../web-page.ts'
import { choicesOf } from './buyer.ts'
import { ApiError, cardDeclined } from './errors.ts'
import { deliver } from './events.ts'
import type { Answer, Request } from './http.ts'
import { openLink } from './links.ts'
import { outcomeOf, yourApp } from './outcome-page.ts'
import { pay, payLater } from './payments.ts'
import { portalPage } from './portal-page.ts'
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
  const { state } = services.account
  const said = new URLSearchParams(query).get('said')
  if (kind === 'app') return await show('Your app', yourApp(state, path, query), { said })
  if (kind === 'portal')
    return await show('Billing portal', portalPage(services.account, id, query), { said })
  if (kind === 'buy') {
    const { url } = openLink(services.account, id, Object.fromEntries(new URLSearchParams(query)))
    return seeOther(String(url))
  }
  const session = retrieveSession(services.account, id)
  const { with: by, ...chosen } = Object.fromEntries(new URLSearchParams(body))
  if (method !== 'POST' || session.status !== 'open')
    return await show('Checkout', form(services, session), { said })
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
  await deliver(events, state)
  return seeOther(session.success_url.replaceAll('{CHECKOUT_SESSION_ID}', id))
}

const show = (title: string, content: Content, more: { said?: string | null; status?: number } = {}) =>
  webPage('Local Stripe', { title, content, ...more })

/** Labels of the choices. Amounts are in minor units, as in the API. */
const LABELS: Record<string, string> = {
  quantity: 'Quantity',
  amount: 'Amount, such as 500 for 5.00',
  discount: 'Taken off by a promotion code, such as 250 for 2.50',
  shipping: 'Shipping, such as 200 for 2.00',
  tax: 'Tax, such as 190 for 1.90',
}

function form({ account }: Services, session: Session): Content {
  if (session.status === 'expired') return html`<p>This session has expired.`
  if (session.status === 'complete') return outcomeOf(account.state, session, `/pay/${session.id}`)
  const order = account.state.orders.get(session.id)
  const amount = money(session.amount_total, session.currency)
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
