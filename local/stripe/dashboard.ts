import { html } from 'hono/html'
import { type Content, moment, table } from '../../src/ops/page/html.ts'
import { money } from '../../src/stripe/minor-units.ts'
import { ApiError as AnyApiError } from '../api-error.ts'
import { backSaying, buttons, saidOf, webPage } from '../web-page.ts'
import { control } from './control.ts'
import type { Attempt } from './events.ts'
import type { Answer, Request } from './http.ts'
import { BANK } from './outcome-page.ts'
import { isUnderWay } from './payments.ts'
import type { Services } from './services.ts'
import { isEnding, sold, statusOf, two, userOf } from './shown.ts'
import type { Event, State, Subscription } from './state.ts'

/** The number of objects of each kind on a page, the newest first. `GET /test/<kind>` returns all of them. */
const SHOWN = 20

/**
 * Stands in for Stripe's Dashboard: `/` shows the objects, with a button for each action. A button posts to `/do/…`,
 * which does the same as `/test/…`.
 */
export async function dashboard(services: Services, request: Request): Promise<Answer> {
  if (request.method === 'POST') {
    const back = new URLSearchParams(request.body).get('back')
    return backSaying(await act(services, request), back)
  }
  const { state } = services.account
  return await webPage('Local Stripe', {
    title: 'Everything at the local Stripe',
    content: content(state),
    said: new URLSearchParams(request.query).get('said'),
  })
}

async function act(services: Services, request: Request): Promise<string> {
  const path = request.path.replace(/^\/do\//, '/test/')
  const action = path.split('/').at(-1) ?? ''
  try {
    const done = JSON.parse((await control(services, { ...request, path, body: '' })).body)
    const attempts: Attempt[] = Array.isArray(done) ? done : done.deliveries
    return saidOf(action, attempts)
  } catch (error) {
    if (error instanceof AnyApiError) return `${action}: refused. ${error.message}`
    throw error
  }
}

function content(state: State): Content {
  /** Shows the customer, and the user that it belongs to. */
  const payer = (customer: unknown, reference?: unknown): Content => {
    const held = state.customers.get(String(customer))
    return two(customer, (held && userOf(held)) ?? reference)
  }
  const newest = <T>(objects: Map<string, T>) => [...objects.values()].reverse().slice(0, SHOWN)
  return [
    table(
      'Open checkouts',
      ['Session', 'Customer', 'Amount', 'What can happen'],
      newest(state.sessions)
        .filter(({ status }) => status === 'open')
        .map(({ id, customer, client_reference_id: reference, amount_total, currency }) => [
          html`<a href="/pay/${id}">${id}</a>`,
          payer(customer, reference),
          money(amount_total, currency),
          buttons('sessions', id, { pay: 'Pay by card' }),
        ]),
    ),
    table(
      'Bank debits under way',
      ['Session', 'Customer', 'Amount', 'What can happen'],
      newest(state.sessions)
        .filter((session) => isUnderWay(state, session))
        .map(({ id, customer, client_reference_id: reference, amount_total, currency }) => [
          id,
          payer(customer, reference),
          money(amount_total, currency),
          buttons('sessions', id, BANK),
        ]),
    ),
    table(
      'Subscriptions',
      ['Subscription', 'Customer', 'Status', 'What can happen'],
      newest(state.subscriptions).map((subscription) => [
        sold(subscription),
        payer(subscription.customer),
        statusOf(subscription),
        buttons('subscriptions', subscription.id, lifeOf(subscription)),
      ]),
    ),
    table(
      'Open invoices',
      ['Invoice', 'Customer', 'Amount', 'What can happen'],
      newest(state.invoices)
        .filter(({ status }) => status === 'open')
        .map(({ id, customer, amount_due, currency }) => [
          id,
          payer(customer),
          money(Number(amount_due), String(currency)),
          buttons('invoices', id, { pay: 'Pay', void: 'Void' }),
        ]),
    ),
    table(
      'Payments',
      ['Charge', 'Customer', 'Amount', 'What can happen'],
      newest(state.charges).map(({ id, customer, amount, amount_refunded, currency }) => [
        id,
        payer(customer),
        money(amount, currency) + refunded(amount_refunded, currency),
        buttons('charges', id, {
          ...(amount_refunded < amount && { refund: 'Refund' }),
          dispute: 'Dispute',
        }),
      ]),
    ),
    table(
      'Refunds',
      ['Refund', 'Charge', 'Amount', 'Status', 'What can happen'],
      newest(state.refunds).map(({ id, charge, amount, currency, status }) => [
        id,
        charge,
        money(amount, String(currency)),
        status,
        status === 'succeeded' && buttons('refunds', id, { fail: 'Let it fail' }),
      ]),
    ),
    table(
      'Disputes',
      ['Dispute', 'Charge', 'Amount', 'Status', 'What can happen'],
      newest(state.disputes).map(({ id, charge, amount, currency, status }) => [
        id,
        charge,
        money(amount, currency),
        status,
        status === 'needs_response' && buttons('disputes', id, { win: 'Win', lose: 'Lose' }),
      ]),
    ),
    table(
      'Customers',
      ['Customer', 'User', 'What can happen'],
      newest(state.customers)
        .filter(({ deleted }) => !deleted)
        .map((customer) => [
          customer.id,
          userOf(customer),
          buttons('customers', customer.id, { delete: 'Delete' }),
        ]),
    ),
    table(
      'Events',
      ['Event', 'Type', 'Created (UTC)', 'What can happen'],
      newest(state.events).map(({ id, type, created }: Event) => [
        id,
        type,
        moment(created * 1000),
        buttons('events', id, { resend: 'Send again' }),
      ]),
    ),
  ]
}

const refunded = (amount: number, currency: string) =>
  amount > 0 ? `, of which ${money(amount, currency)} are refunded` : ''

/** Returns the actions that are possible for a subscription in its present state. */
function lifeOf(subscription: Subscription): Record<string, string> {
  const { status } = subscription
  if (status === 'canceled') return {}
  if (status === 'paused') return { resume: 'Resume', end: 'End now' }
  return {
    renew: 'Renew',
    'fail-renewal': 'Renew, card declined',
    pause: 'Pause',
    ...(isEnding(subscription) ? { resume: 'Resume' } : { 'cancel-at-period-end': 'Cancel at period end' }),
    end: 'End now',
  }
}
