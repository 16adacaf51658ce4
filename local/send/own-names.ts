import { createHash } from 'node:crypto'

/** The objects that belong to one user. A price and a product belong to all of them. */
const OWNED = /"((?:ch|cus|dp|il|in|inpay|pi|re|si|sub)_[A-Za-z0-9]{14,})"/g

/**
 * Returns a copy of a fixture whose customer, subscription, invoice and payment belong to this user, with the same ids
 * each time. Two users with the same invoice would share its credits: the second would get none.
 */
export function withOwnNames<Event>(event: Event, user: string): Event {
  const own = createHash('sha256').update(user).digest('hex').slice(0, 8)
  return JSON.parse(JSON.stringify(event).replace(OWNED, `"$1${own}"`)) as Event
}
