import { html } from 'hono/html'
import { type Content, table } from '../../src/ops/page/html.ts'
import { money } from '../../src/stripe/minor-units.ts'
import { buttons } from '../web-page.ts'
import type { Account } from './account.ts'
import { retrieveCustomer } from './customers.ts'
import { missing } from './errors.ts'
import { isEnding, sold, statusOf } from './shown.ts'

/** Shows what a customer can do in Stripe's portal, and the way back to the app. @throws ApiError 404 */
export function portalPage(account: Account, customer: string, query: string): Content {
  if (retrieveCustomer(account, customer).deleted) throw missing('customer', customer, 'id', 404)
  const { state } = account
  const returnUrl = new URLSearchParams(query).get('return_url')
  const back = `/portal/${customer}${returnUrl ? `?return_url=${encodeURIComponent(returnUrl)}` : ''}`
  const subscriptions = [...state.subscriptions.values()].filter(
    (one) => one.customer === customer && one.status !== 'canceled',
  )
  const invoices = [...state.invoices.values()].filter(
    (one) => one.customer === customer && one.status === 'open',
  )
  return [
    html`<p>Stripe's customer portal of <code>${customer}</code>.</p>`,
    table(
      'Subscriptions',
      ['Subscription', 'Status', 'What can happen'],
      subscriptions.map((subscription) => [
        sold(subscription),
        statusOf(subscription),
        buttons('subscriptions', subscription.id, choicesOf(isEnding(subscription)), back),
      ]),
    ),
    table(
      'Open invoices',
      ['Invoice', 'Amount', 'What can happen'],
      invoices.map(({ id, amount_due, currency }) => [
        id,
        money(Number(amount_due), String(currency)),
        buttons('invoices', id, { pay: 'Pay' }, back),
      ]),
    ),
    html`<p>${wayBack(returnUrl)} Renewals and all else that can happen are on the <a href="/">page of everything</a>.</p>`,
  ]
}

const choicesOf = (ending: boolean): Record<string, string> =>
  ending ? { resume: 'Do not cancel' } : { 'cancel-in-portal': 'Cancel at period end' }

/** Returns a link to the app. The address comes from a query, so only http and https are linked. */
function wayBack(returnUrl: string | null): Content {
  const url = URL.parse(returnUrl ?? '')
  return url && /^https?:$/.test(url.protocol) && html`<a href="${url.href}">Back to ${url.host}</a>.`
}
