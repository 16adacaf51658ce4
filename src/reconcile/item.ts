import type { Effect } from '../db.ts'
import { unconditional } from '../stripe/app-tag.ts'
import type { Verdict } from '../webhook/outcome.ts'

/** An object of a provider, and its effect here. */
export interface Item {
  provider: 'clerk' | 'stripe'
  object: string
  /** The id of the delivery that corrects the difference. */
  eventId: string
  event: { type: string }
  decision: Effect | Verdict
  /** Whether it is listed even if its customer's owner is unknown, or if the customer's user is not here. */
  isOurs: boolean
  /** Whether it is an event that was read, rather than its object. */
  isEvent?: boolean
  /** Reads the object again. Null if the provider no longer has it. @throws ProviderTrouble */
  again?: () => Promise<Item | null>
}

/** What the facts of a verb may say about money and credits. */
interface Money {
  credits?: number
  grants?: { credits: number }[] | null
  amount?: number
  currency?: string
  stripe_charge_id?: string | null
}

/** Returns the money of an item's verb. */
export const moneyOf = ({ decision }: Item): Money =>
  'verb' in decision ? unconditional(decision).facts : {}
