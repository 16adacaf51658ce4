import { html } from 'hono/html'
import type { Content } from '../../src/ops/page/html.ts'
import type { StripeObject, Subscription } from './state.ts'

/** Shows an object, and on a second line what it belongs to. */
export const two = (first: unknown, second: unknown): Content =>
  html`${first ?? ''}${first && second ? html`<br>` : ''}${second ?? ''}`

/** Shows a subscription, with what it sells. */
export const sold = ({ id, items }: Subscription): Content =>
  two(id, items.data.map(({ price, quantity }) => `${quantity} × ${price.id}`).join(', '))

export const userOf = ({ metadata }: StripeObject) =>
  (metadata as Record<string, string> | undefined)?.user_id

/** Whether it is canceled at the end of its period: by the flag, or by the moment alone, as the portal does. */
export const isEnding = ({ cancel_at_period_end, cancel_at }: Subscription) =>
  cancel_at_period_end || typeof cancel_at === 'number'

export const statusOf = (subscription: Subscription) =>
  `${subscription.status}${isEnding(subscription) && subscription.status !== 'canceled' ? ', ends with its period' : ''}`
