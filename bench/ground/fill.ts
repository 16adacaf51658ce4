import { bulkLoad } from './bulk.ts'
import { connectTo } from './database.ts'

/** Ledger entries, and deliveries, of each user. */
const ENTRIES_PER_USER = 10

/** Returns ids of filled users, all different, spread over the whole table. */
export function filledUsers(ledgerRows: number, count: number, from: number): string[] {
  const users = Math.floor(ledgerRows / ENTRIES_PER_USER)
  // A prime that does not divide the number of users, so that users who follow each other are far apart in the tables.
  const step = users % 104_729 === 0 ? 104_723 : 104_729
  return Array.from({ length: count }, (_, index) => `user_f${((from + index) * step) % users}`)
}

/**
 * Fills a database with what some years leave behind: users with customers, wallets, payments and ledgers, a
 * subscription for every fourth user, and as many deliveries as ledger entries. Sums and links are as the verbs would
 * have made them.
 */
export async function fill(url: string, ledgerRows: number, onStep: (says: string) => void): Promise<void> {
  const database = await connectTo(url)
  try {
    await bulkLoad(database, async () => {
      for (const { says, statement, per } of STEPS) {
        const rows = Math.floor(Math.floor(ledgerRows / ENTRIES_PER_USER) * per)
        for (let from = 0; from < rows; from += CHUNK) {
          await database.query(statement, [from, Math.min(from + CHUNK, rows) - 1])
          if (rows > CHUNK) onStep(`${says}: ${Math.min(from + CHUNK, rows).toLocaleString('en')}`)
        }
      }
      onStep('rows; now their indexes')
    })
    await database.query('vacuum analyze')
  } finally {
    await database.end()
  }
}

const CHUNK = 1_000_000

interface Step {
  says: string
  /** Rows for each user. */
  per: number
  /** $1 and $2: the numbers of the first and the last row that it inserts. */
  statement: string
}

/**
 * A balance is a bonus of 40, plus 4 × 500 bought, minus 5 × 7 spent. Row n is the entry number n ÷ users of the user
 * n mod users, so that the entries of a user are as far apart as time would have them.
 */
const STEPS: Step[] = [
  {
    ...{ says: 'users', per: 1 },
    statement: `insert into users (id, email, email_verified, name, stripe_customer_id, clerk_updated_at, created_at)
      select 'user_f' || n, 'user_f' || n || '@example.com', true, 'User ' || n, 'cus_user_f' || n,
        now() - interval '2 days', now() - interval '2 years' from generate_series($1::int, $2::int) n`,
  },
  {
    ...{ says: 'wallets', per: 1 },
    statement: `insert into wallets (user_id, balance) select 'user_f' || n, 2005 from generate_series($1::int, $2::int) n`,
  },
  {
    ...{ says: 'customers', per: 1 },
    statement: `insert into stripe_customers (id, user_id)
      select 'cus_user_f' || n, 'user_f' || n from generate_series($1::int, $2::int) n`,
  },
  {
    ...{ says: 'ledger entries', per: ENTRIES_PER_USER },
    statement: `insert into credit_ledger (user_id, kind, amount, balance_after, idempotency_key, stripe_payment_id, event_id)
      select 'user_f' || u, case when k = 0 then 'signup_bonus' when k < 5 then 'purchase' else 'spend' end,
        case when k = 0 then 40 when k < 5 then 500 else -7 end,
        case when k < 5 then 40 + 500 * k else 2040 - 7 * (k - 4) end,
        case when k = 0 then 'signup_bonus:user_f' || u when k < 5 then 'purchase:pi_f' || k || '_user_f' || u
          else 'spend:order_' || k || '_' || u end,
        case when k between 1 and 4 then 'pi_f' || k || '_user_f' || u end,
        case when k < 5 then 'evt_f' || k || '_user_f' || u end
      from generate_series($1::int, $2::int) n, (select count(*)::int as users from users) all_users,
        lateral (select n / users as k, n % users as u) entry`,
  },
  {
    ...{ says: 'payments', per: 4 },
    statement: `insert into payments (stripe_payment_id, user_id, credits, amount, currency, checkout_session_id, charge_id)
      select payment, 'user_f' || u, 500, 500, 'usd', 'cs_test_' || payment, case when k = 1 then 'ch_' || payment end
      from generate_series($1::int, $2::int) n, (select count(*)::int as users from users) all_users,
        lateral (select n / users + 1 as k, n % users as u) entry,
        lateral (select 'pi_f' || k || '_user_f' || u as payment) named`,
  },
  {
    ...{ says: 'subscriptions', per: 0.25 },
    statement: `insert into subscriptions (id, user_id, stripe_customer_id, stripe_price_id, plan_key, status, current_period_end,
        cancel_at_period_end, last_event_at, last_source, created_at)
      select 'sub_f' || n, 'user_f' || n * 4, 'cus_user_f' || n * 4, 'price_pro_monthly', 'pro', 'active', now() + interval '9 days',
        false, now() - interval '21 days', 'updated', now() - interval '1 year' from generate_series($1::int, $2::int) n`,
  },
  {
    ...{ says: 'webhook events', per: ENTRIES_PER_USER },
    statement: `insert into webhook_events (provider, event_id, type, outcome, user_id, payload, occurred_at, received_at, settled_at)
      select case when k = 0 then 'clerk' else 'stripe' end, 'evt_f' || k || '_user_f' || u,
        case when k = 0 then 'user.created' else 'checkout.session.completed' end, 'applied', 'user_f' || u,
        jsonb_build_object('id', 'evt_f' || k || '_user_f' || u, 'object', 'event', 'livemode', false, 'data',
          jsonb_build_object('object', jsonb_build_object('id', 'cs_test_pi_f' || k || '_user_f' || u,
            'customer', 'cus_user_f' || u, 'metadata', jsonb_build_object('user_id', 'user_f' || u, 'credits', '500')))),
        at, at, at
      from generate_series($1::int, $2::int) n, (select count(*)::int as users from users) all_users,
        lateral (select n / users as k, n % users as u) entry,
        lateral (select now() - interval '1 year' + k * interval '30 days' as at) moment`,
  },
  {
    ...{ says: 'deliveries that wait for their payment', per: 0.02 },
    statement: `insert into webhook_events (provider, event_id, type, outcome, reason, payload, effect)
      select 'stripe', 'evt_w_' || n, 'refund.created', 'parked', 'unknown_payment', '{}', jsonb_build_object(
        'verb', 'reverse_payment', 'facts', jsonb_build_object('payment_intent_id', 'pi_w_' || n, 'charge_id', 'ch_w_' || n))
      from generate_series($1::int, $2::int) n`,
  },
  {
    ...{ says: 'refunds that failed', per: 0.1 },
    statement: `insert into reversals (id, stripe_payment_id, kind, amount, state, payment_intent_id)
      select 're_f' || n, 'pi_f1_user_f' || n, 'refund', 500, 'failed', 'pi_f1_user_f' || n from generate_series($1::int, $2::int) n`,
  },
  {
    ...{ says: 'payments of invoices', per: 0.25 },
    statement: `insert into invoice_payments (invoice_id, stripe_payment_id)
      select 'in_f' || n, 'pi_in_f' || n from generate_series($1::int, $2::int) n`,
  },
]
