import type { Effect } from '../db.ts'
import * as users from '../users/verbs.ts'
import { idOf, member } from '../values.ts'
import type { Handler } from '../webhook/provider.ts'
import { namedUser } from './payload.ts'

/**
 * Records an event that moves no credits, with this reason. The row is kept under the customer's user, because payloads
 * contain names and addresses.
 */
export function ignoredFor(event: unknown, reason: 'no_effect' | 'before_start'): Effect {
  const customer = member(member(member(event, 'data'), 'object'), 'customer')
  return users.recordForCustomer({
    outcome: 'ignored',
    reason,
    user_id: namedUser(event),
    stripe_customer_id: idOf(customer),
  })
}

export const recordForCustomer: Handler = (event) => ignoredFor(event, 'no_effect')
