import { idOf } from '../../src/values.ts'
import { LOCAL_PORTS } from '../shared/configured.ts'
import { LocalError } from '../shared/errors.ts'
import { portNumber, readFlags, readSince, wholeNumber } from '../shared/flags.ts'
import type { Source } from './customers.ts'

const HELP = `
npm run reconcile -- [flags]     how Stripe and Clerk differ from your database, in words and sums

Compares, and changes nothing. Exits with 1 while something differs, or a key is refused. DATABASE_URL is the owner's;
STRIPE_SECRET_KEY, CLERK_SECRET_KEY, CLERK_INSTANCE_ID and PLANS are those of the Worker: from the environment, .dev.vars
or wrangler.toml. For a database elsewhere, .dev.vars gives only secrets, unless it names that database.

  --fix                applies the verb of its webhook to each difference, then compares again
  --since 30d          what was created since: minutes (m), hours (h), days (d), or a moment. Without it, everything
  --only clerk|stripe  one of the two
  --user ID            one user
  --delete N           with --fix: closes up to N users whom Clerk does not have, if they are more than 20 or 1 %
  --customers FILE     links the customers of a CSV file, user_id,stripe_customer_id, beside those that metadata names
  --customers by-email links customers that have paid, by an address that one user and one customer have
  --payments FILE      imports payments from before CREDIT_SINCE, payment_intent,user_id,credits: their refunds take credits
  --sum N              with --payments: what its credits have to add up to; otherwise nothing is imported
  --bonus              the signup bonus also for those who signed up before SIGNUP_BONUS_SINCE
  --json               the result as JSON
  --env NAME           the variables of this environment of wrangler.toml: production, but for a local database
  --pg-port 25432      the local Postgres, where DATABASE_URL is not set
  --stripe-port 25434  the local Stripe, for its key
  --clerk-port 25435   the local Clerk, for its key

A user is gone at Clerk once two runs with --fix, an hour apart, did not find it. What you have settled by hand stays so.
`

export interface Flags {
  fix: boolean
  since: Date | null
  only: 'clerk' | 'stripe' | undefined
  user: string | undefined
  delete: number | undefined
  bonus: boolean
  customers: Source | null
  /** The file of payments from before `CREDIT_SINCE`, and the sum that their credits must have. */
  payments: { file: string; sum: number | undefined } | null
  json: boolean
  env: string | undefined
  pgPort: string | undefined
  local: { stripePort: number; clerkPort: number }
}

/** Reads the flags of `npm run reconcile`. Throws a LocalError. */
export function reconcileFlags(): Flags {
  const [text, flag] = [{ type: 'string' } as const, { type: 'boolean', default: false } as const]
  const { values } = readFlags(HELP, {
    fix: flag,
    since: text,
    only: text,
    user: text,
    delete: text,
    bonus: flag,
    json: flag,
    env: text,
    customers: text,
    payments: text,
    sum: text,
    'pg-port': text,
    'stripe-port': text,
    'clerk-port': text,
  })
  const { only } = values
  if (only !== undefined && only !== 'clerk' && only !== 'stripe')
    throw new LocalError(`--only takes clerk or stripe, not '${only}'`)
  const most = wholeNumber(values.delete, '--delete', 1, 10_000_000)
  if (most !== undefined && !values.fix) throw new LocalError('--delete goes with --fix')
  if (values.user !== undefined && idOf(values.user) === null)
    throw new LocalError('--user takes the id of a user')
  const customers = sourceOf(values.customers)
  if (customers && (only === 'clerk' || values.user !== undefined))
    throw new LocalError('--customers goes with neither --only clerk nor --user')
  const payments = paymentsOf(values)
  if (payments && (only === 'clerk' || values.user !== undefined))
    throw new LocalError('--payments goes with neither --only clerk nor --user')
  const { fix, bonus, json, user, env } = values
  const local = {
    stripePort: portNumber(values['stripe-port'], '--stripe-port', LOCAL_PORTS.stripe),
    clerkPort: portNumber(values['clerk-port'], '--clerk-port', LOCAL_PORTS.clerk),
  }
  const since = values.since === undefined ? null : readSince(values.since)
  const more = { user, delete: most, bonus, customers, payments, json, env }
  return { fix, since, only, ...more, pgPort: values['pg-port'], local }
}

function paymentsOf({ payments: file, sum }: { payments?: string | undefined; sum?: string | undefined }) {
  if (file === undefined && sum !== undefined) throw new LocalError('--sum goes with --payments')
  if (file === '') throw new LocalError('--payments takes a CSV file')
  return file === undefined ? null : { file, sum: wholeNumber(sum, '--sum', 0, Number.MAX_SAFE_INTEGER) }
}

function sourceOf(text: string | undefined): Source | null {
  if (text === undefined) return null
  if (text === '') throw new LocalError('--customers takes a CSV file, or by-email')
  return text === 'by-email' ? text : { file: text }
}
