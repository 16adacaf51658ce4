import { html } from 'hono/html'
import type { Content } from '../../src/ops/page/html.ts'
import { buttons } from '../web-page.ts'
import { isUnderWay } from './payments.ts'
import type { Session, State } from './state.ts'

/** What the bank can do about a debit, days after the session is complete. */
export const BANK = { 'bank-paid': 'The bank pays', 'bank-failed': 'The bank refuses' }

/** Shows whether a complete session is paid. While a bank debit is under way, it has buttons that lead back here. */
export function outcomeOf(state: State, session: Session, back: string): Content {
  if (isUnderWay(state, session))
    return html`<p>Not paid yet: the bank decides, at Stripe days later.</p>${buttons('sessions', session.id, BANK, back)}`
  if (session.payment_status === 'unpaid') return html`<p>The bank has refused: nothing is paid.</p>`
  return session.payment_status === 'paid' ? html`<p>It is paid.</p>` : html`<p>Nothing was due.</p>`
}

/** The page that people come back to when `APP_URL` is not set. */
export function yourApp(state: State, path: string, query: string): Content {
  const id = new URLSearchParams(query).get('session_id')
  if (!id) return html`<p>This is where people come back to: set <code>APP_URL</code> to your app.`
  const session = state.sessions.get(id)
  return html`${session?.status === 'complete' && outcomeOf(state, session, `${path}?session_id=${encodeURIComponent(id)}`)}
<p>Your app, at <code>APP_URL</code>, now asks what became of it:
<pre tabindex="0">GET /api/checkout/${id}</pre>`
}
