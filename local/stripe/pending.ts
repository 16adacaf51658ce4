import type { Account } from './account.ts'
import type { StripeObject, Subscription, SubscriptionItem } from './state.ts'

/** Returns the lines of changes that are billed with the next renewal. */
export const pendingOf = ({ state }: Account, { id }: Subscription) => state.pendingLines.get(id) ?? []

/** Puts the lines that wait for the next invoice before these lines. */
export function billPending(account: Account, subscription: Subscription, lines: StripeObject[]) {
  const all = [...pendingOf(account, subscription), ...lines]
  account.state.pendingLines.delete(subscription.id)
  return (invoice: string) => {
    for (const line of all) line.invoice = invoice
    return all
  }
}

/** Stores the last charge for an item, because a later change credits it. */
export function remember(account: Account, item: SubscriptionItem, line: StripeObject): void {
  account.state.charged.set(item.id, { id: item.id, line })
}
