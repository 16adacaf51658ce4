import { call } from '../db.ts'
import { unlessMissing } from '../provider-trouble.ts'
import type { Settings } from '../settings.ts'
import { type KindName, kinds } from '../stripe/objects.ts'
import { compareUsers, isMissedAtClerk, suspect } from './clerk-walks.ts'
import { askClerk, type Pass, type Step, type Walk } from './pass.ts'
import { compareObjects, compareOne, readPage } from './stripe-walks.ts'

interface Ours {
  /** Whether the user is or was here. */
  known: boolean
  /** Whether the user is here and not deleted. */
  open: boolean
  customers: string[]
  invoices: string[]
  /** The PaymentIntents that this user's payments were made by. */
  payments: string[]
}

const oursOf = (pass: Pass, user: string) => call<Ours>(pass.db, 'ours_of', [{ user_id: user }])

/** Whether the user is or was here. @throws DatabaseUnavailable */
export const isKnownHere = async (pass: Pass, user: string): Promise<boolean> =>
  (await oursOf(pass, user)).known

/** Returns the walks that compare only one user. */
export function walksOfUser(user: string, settings: Settings): Walk[] {
  const walks = [atClerk(user), atStripe(user), ...(isMissedAtClerk(settings) ? [missedAtClerk(user)] : [])]
  return walks.filter((walk) => walk.provider === 'stripe' || settings.CLERK_SECRET_KEY)
}

/** Compares the user with Clerk's data, if Clerk has the user. */
const atClerk = (id: string): Walk => ({
  name: 'users',
  provider: 'clerk',
  async step(pass): Promise<Step> {
    const user = await unlessMissing(askClerk(pass, `/v1/users/${encodeURIComponent(id)}`))
    return { found: user === null ? [] : await compareUsers(pass, [user]), looked: 1, next: null }
  },
})

/** Suspects that a user who is here and not at Clerk was deleted there. */
const missedAtClerk = (user: string): Walk => ({
  name: 'users here',
  provider: 'clerk',
  async step(pass): Promise<Step> {
    const { open } = await oursOf(pass, user)
    return { found: open ? await suspect(pass, user) : [], looked: 0, next: null }
  },
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
      const { customers, invoices, payments } = await oursOf(pass, user)
      const lists = (names: string[], by: string, ids: string[]) =>
        ids.flatMap((id) => names.map((kind) => `${kind} ${by} ${id}`))
      const next = [
        ...lists(['customers'], 'id', customers),
        ...lists(['sessions', 'subscriptions', 'invoices'], 'customer', customers),
        ...lists(['invoicePayments'], 'invoice', invoices),
        ...lists(['intents'], 'customer', customers),
        ...lists(['refunds', 'disputes'], 'payment_intent', payments),
      ]
      return { found: [], looked: 0, next: next.length > 0 ? { todo: next } : null }
    }
    const [kind = '', by = '', id = ''] = (todo[0] ?? '').split(' ')
    const rest = todo.slice(1)
    const onwards = rest.length > 0 ? { todo: rest } : null
    if (by === 'id') {
      const compared = await compareOne(pass, kind as KindName, id)
      return { found: compared?.found ?? [], looked: compared?.looked ?? 0, next: onwards }
    }
    const { path, query } = kinds[kind as KindName]
    const page = await readPage(pass, path, new URLSearchParams({ ...query, [by]: id }), { after })
    const next = page.next ? { todo, after: page.next.after ?? null } : onwards
    return { ...(await compareObjects(pass, kind as KindName, page)), next }
  },
})
