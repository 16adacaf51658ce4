import type { Step } from './step.ts'

/** The share of each kind in all waiting rows. The other parked rows are payments for other products. */
const OF_WAITING = {
  customers: 0.1,
  /**
   * A subject that has arrived and has more waiting than one commit releases, and deliveries about which Stripe has to
   * be asked.
   */
  arrived: 0.002,
  due: 0.002,
  deletedUsers: 0.01,
  /** What is stored about one deleted user, and what is rejected for one existing user. */
  ofOneUser: 0.1,
}

const refund = (
  id: string,
  payment: string,
  charge: string,
) => `jsonb_build_object('verb', 'reverse_payment', 'facts',
  jsonb_build_object('kind', 'refund', 'id', ${id}, 'stripe_payment_intent_id', ${payment}, 'stripe_charge_id', ${charge},
    'amount', 100, 'currency', 'usd', 'state', 'succeeded', 'user_id', null, 'stripe_customer_id', null))`
const invoice = (
  id: string,
  customer: string,
  grants: string,
) => `jsonb_build_object('verb', 'grant_plan', 'facts',
  jsonb_build_object('stripe_invoice_id', ${id}, 'stripe_subscription_id', 'sub_p_' || n, 'stripe_customer_id', ${customer},
    'user_id', null, 'amount', 2000, 'currency', 'usd', 'paid_by', null, 'stripe_charge_id', null, 'grants', ${grants}))`

const NUMBERS = 'generate_series($1::int, $2::int) n'
/** Within the last thirty days, so most of it has waited for longer than seven. */
const RECEIVED = `now() - (n % 30) * interval '1 day' - n % 86400 * interval '1 second'`
const PAYLOAD = `jsonb_build_object('id', 'evt_' || n, 'object', 'event', 'livemode', false)`

/** What has piled up: waiting deliveries, rejected ones, and pending work for deleted users. */
export const PILES: Step[] = [
  {
    says: 'parked for payments of other products',
    rows: ({ waiting }) => waiting * (1 - OF_WAITING.customers),
    statement: `insert into webhook_events (provider, event_id, type, outcome, reason, payload, effect, about, received_at)
      select 'stripe', 'evt_p_' || n, 'refund.created', 'parked', 'unknown_payment', ${PAYLOAD},
        ${refund("'re_p_' || n", "'pi_p_' || n", "'ch_p_' || n")}, array['re_p_' || n, 'pi_p_' || n, 'ch_p_' || n], ${RECEIVED}
      from ${NUMBERS}`,
  },
  {
    says: 'what those wait for',
    rows: ({ waiting }) => waiting * (1 - OF_WAITING.customers),
    statement: `insert into waiting (subject, provider, event_id, occurred_at)
      select 'payment:' || id || '_p_' || n, 'stripe', 'evt_p_' || n, ${RECEIVED} from ${NUMBERS}, (values ('pi'), ('ch')) ids(id)`,
  },
  {
    says: 'parked for customers whom nobody knows',
    rows: ({ waiting }) => waiting * OF_WAITING.customers,
    statement: `with made as (
        insert into webhook_events (provider, event_id, type, outcome, reason, payload, effect, about, received_at)
        select 'stripe', 'evt_c_' || n, 'invoice.paid', 'parked', 'unknown_customer', ${PAYLOAD},
          ${invoice("'in_c_' || n", "'cus_c_' || n % 100", "'[]'::jsonb")}, array['in_c_' || n, 'cus_c_' || n % 100], ${RECEIVED}
        from ${NUMBERS} returning event_id, received_at)
      insert into waiting (subject, provider, event_id, occurred_at)
      select 'customer:cus_c_' || split_part(event_id, '_', 3)::int % 100, 'stripe', event_id, received_at from made`,
  },
  {
    says: 'rejected',
    rows: ({ waiting }) => waiting,
    statement: `insert into webhook_events (provider, event_id, type, outcome, reason, user_id, payload, about, received_at, settled_at)
      select 'stripe', 'evt_r_' || n, 'checkout.session.completed', 'rejected',
        (array['payment_mismatch', 'customer_mismatch', 'invalid_metadata'])[n % 3 + 1],
        'user_f' || case when n % ${1 / OF_WAITING.ofOneUser} = 0 then 0 else n % users end, ${PAYLOAD},
        array['cs_r_' || n, 'pi_r_' || n, 'cus_r_' || n % 100000], ${RECEIVED}, now()
      from ${NUMBERS}, (select current_setting('fill.users')::int as users) all_users`,
  },
  {
    says: 'settled without an effect',
    rows: ({ waiting }) => waiting * 5,
    statement: `insert into webhook_events (provider, event_id, type, outcome, reason, payload, received_at, settled_at)
      select 'stripe', 'evt_s_' || n, 'checkout.session.expired', 'ignored', 'no_effect', ${PAYLOAD}, ${RECEIVED}, now() from ${NUMBERS}`,
  },
  {
    says: 'refunds whose payment has come',
    rows: ({ waiting, users }) => Math.min(users, waiting * OF_WAITING.arrived),
    statement: `with made as (
        insert into webhook_events (provider, event_id, type, outcome, reason, payload, effect, about, occurred_at)
        select 'stripe', 'evt_a_' || n, 'refund.created', 'parked', 'unknown_payment', ${PAYLOAD},
          ${refund("'re_a_' || n", "'pi_f2_user_f' || n", 'null')}, array['re_a_' || n], now()
        from ${NUMBERS} returning event_id, occurred_at
      ), waits as (
        insert into waiting (subject, provider, event_id, occurred_at)
        select 'payment:pi_f2_user_f' || split_part(event_id, '_', 3), 'stripe', event_id, occurred_at from made returning subject)
      insert into arrived (subject, last_occurred_at, last_event_id) select subject, '-infinity', '' from waits`,
  },
  {
    says: 'invoices about which Stripe has to be asked',
    rows: ({ waiting }) => waiting * OF_WAITING.due,
    statement: `with made as (
        insert into webhook_events (provider, event_id, type, outcome, reason, payload, effect, about)
        select 'stripe', 'evt_d_' || n, 'invoice.paid', 'parked', 'incomplete_invoice', ${PAYLOAD},
          ${invoice("'in_d_' || n", "'cus_user_f0'", 'null')}, array['in_d_' || n] from ${NUMBERS} returning event_id)
      insert into waiting (subject, provider, event_id, occurred_at, retry_at)
      select 'invoice:in_d_' || split_part(event_id, '_', 3), 'stripe', event_id, now(), now() from made`,
  },
  {
    says: 'deleted users',
    rows: ({ waiting }) => waiting * OF_WAITING.deletedUsers,
    statement: `with closed as (
        insert into wallets (user_id, closed_at) select 'user_g' || n, ${RECEIVED} from ${NUMBERS} returning user_id, closed_at
      ), emptied as (
        insert into users (id, deactivated_at) select user_id, closed_at from closed)
      insert into erasures (user_id, asked_at) select user_id, closed_at from closed`,
  },
  {
    says: 'what runs on for deleted users',
    rows: ({ waiting }) => waiting * OF_WAITING.deletedUsers,
    statement: `insert into subscriptions (id, user_id, stripe_customer_id, status, cancel_at_period_end, last_event_at, last_source, created_at)
      select 'sub_g' || n, 'user_g' || n, 'cus_user_g' || n, 'active', false, now(), 'updated', now() from ${NUMBERS}`,
  },
  {
    says: 'what is stored about deleted users',
    rows: ({ waiting }) => waiting * (OF_WAITING.deletedUsers * 10 + OF_WAITING.ofOneUser),
    statement: `insert into webhook_events (provider, event_id, type, outcome, user_id, payload, received_at, settled_at)
      select 'stripe', 'evt_g_' || n, 'checkout.session.completed', 'applied',
        'user_g' || case when n % 2 = 0 then 0 else n / 20 end, ${PAYLOAD}, ${RECEIVED}, now() from ${NUMBERS}`,
  },
]
