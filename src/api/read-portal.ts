import { call, type Database } from '../db.ts'
import type { SignedIn, UserRefusal } from '../users/signed-in.ts'

export interface PortalCustomers {
  /** The user's address, if Clerk has verified it. */
  verified: string | null
  /** In order of preference: the first that Stripe still has, and that the user may see, is shown. */
  customers: { id: string; by_reference: boolean }[]
}

/** @throws DatabaseUnavailable */
export const readPortal = (db: Database, facts: SignedIn) =>
  call<PortalCustomers | UserRefusal>(db, 'read_portal', [facts])
