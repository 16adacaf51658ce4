import type { Step } from './step.ts'

/** The number of users, and entry k of user u in the order of time: the first entries of all users come first. */
const USERS = `(select current_setting('fill.users')::int as users) all_users`
const ENTRY = `lateral (select n / users as k, n % users as u) entry`

/**
 * Users with customers, wallets, payments and ledgers, a subscription for every fourth, and one delivery for each
 * ledger entry. Balances: 40 of the bonus, 4 × 500 bought, then 5 × 7 spent.
 */
export const HISTORY: Step[] = [
  {
    says: 'users',
    rows: ({ users }) => users,
    statement: `insert into users (id, email, email_verified, name, stripe_customer_id, clerk_updated_at, created_at)
      select 'user_f' || n, 'user_f' || n || '@example.com', true, 'User ' || n, 'cus_user_f' || n,
        now() - interval '2 days', now() - interval '2 years' from generate_series($1::int, $2::int) n`,
  },
  {
    says: 'wallets',
    rows: ({ users }) => users,
    statement: `insert into wallets (user_id, balance)
      select 'user_f' || n, current_setting('fill.balance')::bigint from generate_series($1::int, $2::int) n`,
  },
  {
    says: 'customers',
    rows: ({ users }) => users,
    statement: `insert into stripe_customers (id, user_id)
      select 'cus_user_f' || n, 'user_f' || n from generate_series($1::int, $2::int) n`,
  },
  {
    says: 'payments',
    rows: ({ users }) => users * 4,
    statement: `insert into payments (stripe_payment_id, user_id, credits, amount, currency, stripe_checkout_session_id,
        stripe_payment_intent_id, stripe_charge_id)
      select payment, 'user_f' || u, 500, 500, 'usd', 'cs_test_' || payment, payment,
        case when k = 1 then 'ch_' || payment end
      from generate_series($1::int, $2::int) n, ${USERS}, lateral (select n / users + 1 as k, n % users as u) entry,
        lateral (select 'pi_f' || k || '_user_f' || u as payment) named`,
  },
  {
    says: 'ledger entries',
    rows: ({ users }) => users * 10,
    statement: `insert into credit_ledger (user_id, kind, amount, balance_after, idempotency_key, stripe_payment_id, event_id)
      select 'user_f' || u, case when k = 0 then 'signup_bonus' when k < 5 then 'purchase' else 'spend' end,
        case when k = 0 then 40 when k < 5 then 500 else -7 end,
        case when k < 5 then 40 + 500 * k else 2040 - 7 * (k - 4) end,
        case when k = 0 then 'signup_bonus:user_f' || u when k < 5 then 'purchase:pi_f' || k || '_user_f' || u
          else 'spend:order_' || k || '_' || u end,
        case when k between 1 and 4 then 'pi_f' || k || '_user_f' || u end,
        case when k < 5 then 'evt_f' || k || '_user_f' || u end
      from generate_series($1::int, $2::int) n, ${USERS}, ${ENTRY}`,
  },
  {
    says: 'subscriptions',
    rows: ({ users }) => users / 4,
    statement: `insert into subscriptions (id, user_id, stripe_customer_id, stripe_price_id, plan_key, status, current_period_end,
        cancel_at_period_end, last_event_at, last_source, created_at)
      select 'sub_f' || n, 'user_f' || n * 4, 'cus_user_f' || n * 4, 'price_pro_monthly', 'pro', 'active', now() + interval '9 days',
        false, now() - interval '21 days', 'updated', now() - interval '1 year' from generate_series($1::int, $2::int) n`,
  },
  {
    says: 'webhook events',
    rows: ({ users }) => users * 10,
    statement: `insert into webhook_events (provider, event_id, type, outcome, user_id, payload, occurred_at, received_at, settled_at)
      select case when k = 0 then 'clerk' else 'stripe' end, 'evt_f' || k || '_user_f' || u,
        case when k = 0 then 'user.created' else 'checkout.session.completed' end, 'applied', 'user_f' || u,
        jsonb_build_object('id', 'evt_f' || k || '_user_f' || u, 'object', 'event', 'livemode', false, 'data',
          jsonb_build_object('object', jsonb_build_object('id', 'cs_test_pi_f' || k || '_user_f' || u,
            'customer', 'cus_user_f' || u, 'metadata', jsonb_build_object('user_id', 'user_f' || u, 'credits', '500')))),
        at, at, at
      from generate_series($1::int, $2::int) n, ${USERS}, ${ENTRY},
        lateral (select now() - interval '1 year' + k * interval '30 days' as at) moment`,
  },
  {
    says: 'refunds that failed',
    rows: ({ users }) => users / 10,
    statement: `insert into reversals (id, stripe_payment_id, kind, amount, state, stripe_payment_intent_id)
      select 're_f' || n, 'pi_f1_user_f' || n, 'refund', 500, 'failed', 'pi_f1_user_f' || n from generate_series($1::int, $2::int) n`,
  },
  {
    says: 'payments of invoices',
    rows: ({ users }) => users / 4,
    statement: `insert into invoice_payments (stripe_invoice_id, paid_by)
      select 'in_f' || n, 'pi_in_f' || n from generate_series($1::int, $2::int) n`,
  },
]
