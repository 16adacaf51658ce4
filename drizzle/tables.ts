import type { PgTable, PgViewWithSelection } from 'drizzle-orm/pg-core'
import { userBilling as userBillingView } from '../src/subscriptions/schema.ts'
import { users as usersTable } from '../src/users/schema.ts'
import { creditLedger as creditLedgerTable, wallets as walletsTable } from '../src/wallet/schema.ts'

// The tables that the role `ledgerhook_app` may read, for your app's own Drizzle: to select, to join, and to reference.

/** A table as a view: `select`, `join` and `references(() => wallets.userId)` accept it; a write is a type error. */
type ReadOnly<Table extends PgTable> = PgViewWithSelection<Table['_']['name'], true, Table['_']['columns']>

const readOnly = <Table extends PgTable>(table: Table) => table as unknown as ReadOnly<Table>

/** People, by Clerk's id. */
export const users = readOnly(usersTable)

/** One wallet for each user. It outlives the user, so reference it, and never a user. `balance` is in credits. */
export const wallets = readOnly(walletsTable)

/** Every movement of credits: append-only. */
export const creditLedger = readOnly(creditLedgerTable)

/** One row for each user: plan, state of the subscription, and balance in credits. */
export const userBilling = userBillingView
