import { bigint, pgSchema, timestamp } from 'drizzle-orm/pg-core'

/** All of Ledgerhook is in this schema of your database, and nowhere else. */
export const ledgerhook = pgSchema('ledgerhook')

export const moment = (name: string) => timestamp(name, { withTimezone: true })

/** A moment to the millisecond, as Clerk counts; Stripe counts in whole seconds. */
export const providerMoment = (name: string) => timestamp(name, { withTimezone: true, precision: 3 })

export const createdAt = () => moment('created_at').notNull().defaultNow()
export const updatedAt = () => moment('updated_at').notNull().defaultNow()

/** A whole number up to 2^53 - 1, which JavaScript and JSON hold exactly. */
export const wholeNumber = (name: string) => bigint(name, { mode: 'number' })
