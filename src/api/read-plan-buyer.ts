import { call, type Database } from '../db.ts'
import type { Buyer } from '../users/customer.ts'
import type { SignedIn, UserRefusal } from '../users/signed-in.ts'

/** A user who wants a plan, with the user's live plans. */
export interface PlanBuyer extends Buyer {
  /** Without those that are known only by a reference: anybody could have bought them. */
  plans: { price: string | null; plan: string | null }[]
}

/** @throws DatabaseUnavailable */
export const readPlanBuyer = (db: Database, facts: SignedIn) =>
  call<PlanBuyer | UserRefusal>(db, 'read_plan_buyer', [facts])
