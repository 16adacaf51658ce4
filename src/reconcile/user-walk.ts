import { call } from '../db.ts'
import type { Settings } from '../settings.ts'
import { type KindName, kinds } from '../stripe/objects.ts'
import { isMissedAtClerk, suspect } from './clerk-walks.ts'
import type { Step, Walk } from './pass.ts'
import { compareObjects, readPage } from './stripe-walks.ts'

interface Ours {
  customers: string[]
  invoices: string[]
  /** The PaymentIntents that this user's payments were made by. */
  payments: string[]
}

/** Returns the walks that compare only one user. */
export function walksOfUser(user: string, settings: Settings): Walk[] {
  const walks = [atClerk(user), atStripe(user)]
  const asksClerk = settings.CLERK_SECRET_KEY && isMissedAtClerk(settings)
  return walks.filter((walk) => walk.provider === 'stripe' || asksClerk)
}

const atClerk = (user: string): Walk => ({
  name: 'users here',
  provider: 'clerk',
  step: async (pass): Promise<Step> => ({ found: await suspect(pass, user), looked: 1, next: null }),
})

/**
 * Goes through the user's customers and payments, because Stripe has no list by metadata. What a guest has paid is
 * found only by a comparison of everything.
 */
const atStripe = (user: string): Walk => ({
  name: 'of this user',
  provider: 'stripe',
  async step(pass, { todo = null, after = null }): Promise<Step> {
    if (!Array.isArray(todo)) {
      const { customers, invoices, payments } = await call<Ours>(pass.db, 'ours_of', [{ user_id: user }])
      const lists = (names: string[], by: string, ids: string[]) =>
        ids.flatMap((id) => names.map((kind) => `${kind} ${by} ${id}`))
      const next = [
        ...lists(['sessions', 'subscriptions', 'invoices'], 'customer', customers),
        ...lists(['invoicePayments'], 'invoice', invoices),
        ...lists(['refunds', 'disputes'], 'payment_intent', payments),
      ]
      return { found: [], looked: 0, next: next.length > 0 ? { todo: next } : null }
    }
    const [kind = '', by = '', id = ''] = (todo[0] ?? '').split(' ')
    const { path, query } = kinds[kind as KindName]
    const page = await readPage(pass, path, new URLSearchParams({ ...query, [by]: id }), { after })
    const rest = todo.slice(1)
    const next = page.next
      ? { todo, after: page.next.after ?? null }
      : rest.length > 0
        ? { todo: rest }
        : null
    return { ...(await compareObjects(pass, kind as KindName, page)), next }
  },
})
