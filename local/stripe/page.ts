import { deliver } from './events.ts'
import type { Answer, Request } from './http.ts'
import { openLink } from './links.ts'
import { pay, payLater } from './payments.ts'
import type { Services } from './services.ts'
import { retrieveSession } from './sessions.ts'
import type { Session } from './state.ts'

/**
 * Where a person pays: `/pay/<session>`, in place of checkout.stripe.com. As there, the webhook is delivered first,
 * and the person is sent back when it has its response.
 */
export async function page(services: Services, { method, path, query, body }: Request): Promise<Answer> {
  const [, kind, id = ''] = path.split('/')
  if (kind === 'app') return html('Your app', yourApp(query))
  if (kind === 'portal')
    return html('Billing portal', `<p>Stripe's customer portal of <code>${escapeHtml(id)}</code>.</p>`)
  if (kind === 'buy') {
    const { url } = openLink(services.account, id, Object.fromEntries(new URLSearchParams(query)))
    return { status: 303, headers: { Location: String(url), 'Content-Type': 'text/plain' }, body: '' }
  }
  const session = retrieveSession(services.account, id)
  if (method !== 'POST' || session.status !== 'open') return html('Checkout', form(services, session))
  const finish = new URLSearchParams(body).get('with') === 'debit' ? payLater : pay
  const { events } = services.recorded(() => finish(services.account, id))
  await deliver(events, services.account.state)
  const back = session.success_url.replaceAll('{CHECKOUT_SESSION_ID}', id)
  return { status: 303, headers: { Location: back, 'Content-Type': 'text/plain' }, body: '' }
}

/** The page that people come back to when `APP_URL` is not set. */
function yourApp(query: string): string {
  const session = new URLSearchParams(query).get('session_id')
  if (!session) return '<p>This is where people come back to: set <code>APP_URL</code> to your app.</p>'
  return `<p>Paid. Your app, at <code>APP_URL</code>, now asks what became of it:</p>
    <pre>GET /api/checkout/${escapeHtml(session)}</pre>`
}

function form({ account }: Services, session: Session): string {
  if (session.status !== 'open') return `<p>This session is ${session.status}.</p>`
  const order = account.state.orders.get(session.id)
  const amount = `${(session.amount_total / 100).toFixed(2)} ${session.currency.toUpperCase()}`
  const debit =
    session.mode === 'payment' ? '<button name="with" value="debit">Pay by bank debit</button>' : ''
  const cancel = session.cancel_url ? `<a href="${escapeHtml(session.cancel_url)}">Cancel</a>` : ''
  return `<p>${escapeHtml(order?.lines.map(({ name }) => name).join(', ') ?? '')}: <b>${amount}</b></p>
    <form method="post"><button name="with" value="card">Pay by card</button> ${debit} ${cancel}</form>`
}

function html(title: string, content: string): Answer {
  const body = `<!doctype html><meta charset="utf-8"><title>${title}, local Stripe</title>
    <body style="font: 16px system-ui; max-width: 32rem; margin: 4rem auto"><h1>${title}</h1>${content}
    <p><small>A local stand-in for Stripe. No money moves.</small></p>`
  return { status: 200, headers: { 'Content-Type': 'text/html; charset=utf-8' }, body }
}

function escapeHtml(text: string): string {
  const entities: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  }
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '')
}
