-- What the schema `ledgerhook` holds, printed from the catalogs of a database that `npm run migrate` has made: for its
-- diff to be read. `npm run generate` writes it, `npm run check` compares it. Functions are in src/*/*.sql.

create table ledgerhook.alert_messages (
  id text not null,
  sequence bigint generated always as identity not null,
  name text not null,
  about text not null,
  body jsonb not null,
  tries integer default 0 not null,
  next_at timestamp with time zone default now() not null,
  created_at timestamp with time zone default now() not null,
  constraint alert_messages_pkey PRIMARY KEY (id)
);

create table ledgerhook.alerts (
  name text not null,
  about text not null,
  state text not null,
  critical boolean not null,
  value double precision not null,
  threshold double precision,
  details jsonb not null,
  since timestamp with time zone not null,
  opened_at timestamp with time zone,
  closed_at timestamp with time zone,
  below_since timestamp with time zone,
  repeats integer default 0 not null,
  next_repeat_at timestamp with time zone,
  checked_at timestamp with time zone default now() not null,
  constraint alerts_name_about_pk PRIMARY KEY (name, about)
);

create table ledgerhook.arrived (
  subject text not null,
  due_at timestamp with time zone default now() not null,
  last_occurred_at timestamp(3) with time zone,
  last_event_id text,
  constraint arrived_pkey PRIMARY KEY (subject)
);
CREATE INDEX arrived_due ON ledgerhook.arrived USING btree (due_at);

create table ledgerhook.bonus_addresses (
  address text not null,
  created_at timestamp with time zone default now() not null,
  constraint bonus_addresses_pkey PRIMARY KEY (address)
);

create table ledgerhook.bonus_key (
  one boolean default true not null,
  key text not null,
  constraint bonus_key_pkey PRIMARY KEY (one)
);

create table ledgerhook.credit_ledger (
  id bigint generated always as identity not null,
  user_id text not null,
  kind text not null,
  amount bigint not null,
  balance_after bigint default 0 not null,
  idempotency_key text not null,
  stripe_payment_id text,
  event_id text,
  note text,
  created_at timestamp with time zone default now() not null,
  reverses bigint,
  after_closing boolean,
  reference text,
  caller text,
  campaign text,
  constraint credit_ledger_amount CHECK (
CASE
    WHEN (kind = ANY (ARRAY['signup_bonus'::text, 'purchase'::text, 'plan_grant'::text, 'refund_reversal'::text, 'dispute_reversal'::text, 'grant'::text, 'spend_reversal'::text])) THEN (amount > 0)
    WHEN (kind = ANY (ARRAY['refund'::text, 'dispute'::text, 'spend'::text])) THEN (amount < 0)
    WHEN (kind = ANY (ARRAY['adjustment'::text, 'plan_change'::text])) THEN (amount <> 0)
    ELSE false
END),
  constraint credit_ledger_idempotency_key_unique UNIQUE (idempotency_key),
  constraint credit_ledger_payment_fk FOREIGN KEY (stripe_payment_id) REFERENCES ledgerhook.payments(stripe_payment_id),
  constraint credit_ledger_pkey PRIMARY KEY (id),
  constraint credit_ledger_purchase CHECK (((kind <> 'purchase'::text) OR (stripe_payment_id IS NOT NULL))),
  constraint credit_ledger_reverses CHECK (((kind = 'spend_reversal'::text) = (reverses IS NOT NULL))),
  constraint credit_ledger_reverses_credit_ledger_id_fk FOREIGN KEY (reverses) REFERENCES ledgerhook.credit_ledger(id),
  constraint credit_ledger_user_id_wallets_user_id_fk FOREIGN KEY (user_id) REFERENCES ledgerhook.wallets(user_id)
);
CREATE INDEX credit_ledger_newest ON ledgerhook.credit_ledger USING btree (user_id, id);
CREATE UNIQUE INDEX credit_ledger_one_purchase ON ledgerhook.credit_ledger USING btree (stripe_payment_id) WHERE (kind = 'purchase'::text);
CREATE INDEX credit_ledger_payment ON ledgerhook.credit_ledger USING btree (stripe_payment_id) WHERE ((kind <> 'purchase'::text) AND (stripe_payment_id IS NOT NULL));
CREATE INDEX credit_ledger_reference ON ledgerhook.credit_ledger USING btree (reference, id) WHERE (reference IS NOT NULL);
CREATE INDEX credit_ledger_reverses ON ledgerhook.credit_ledger USING btree (reverses) WHERE (reverses IS NOT NULL);
CREATE TRIGGER credit_ledger_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ledgerhook.credit_ledger FOR EACH STATEMENT EXECUTE FUNCTION ledgerhook.refuse_ledger_change(); -- always
CREATE TRIGGER credit_ledger_carries_balance BEFORE INSERT ON ledgerhook.credit_ledger FOR EACH ROW EXECUTE FUNCTION ledgerhook.carry_balance(); -- always
CREATE TRIGGER credit_ledger_moves_balance AFTER INSERT ON ledgerhook.credit_ledger FOR EACH ROW EXECUTE FUNCTION ledgerhook.move_balance(); -- always

create table ledgerhook.differences (
  provider text not null,
  object text not null,
  kind text not null,
  user_id text,
  credits bigint,
  reason text,
  first_pass text not null,
  first_seen_at timestamp with time zone default now() not null,
  last_seen_at timestamp with time zone default now() not null,
  reported_at timestamp with time zone,
  settled_at timestamp with time zone,
  settled_by text,
  note text,
  constraint differences_provider_object_pk PRIMARY KEY (provider, object)
);
CREATE INDEX differences_reported ON ledgerhook.differences USING btree (reported_at) WHERE (reported_at IS NOT NULL);
CREATE INDEX differences_seen ON ledgerhook.differences USING btree (last_seen_at);

create table ledgerhook.erasures (
  user_id text not null,
  asked_at timestamp with time zone default now() not null,
  erased_until timestamp with time zone,
  done_at timestamp with time zone,
  due_at timestamp with time zone default now() not null,
  constraint erasures_pkey PRIMARY KEY (user_id)
);
CREATE INDEX erasures_open ON ledgerhook.erasures USING btree (due_at) WHERE (done_at IS NULL);

create table ledgerhook.function_sets (
  hash text not null,
  first_applied_at timestamp with time zone not null,
  applied_at timestamp with time zone not null,
  names text[] not null,
  fingerprint text not null,
  constraint function_sets_applied_at_key UNIQUE (applied_at),
  constraint function_sets_pkey PRIMARY KEY (hash)
);

create table ledgerhook.grant_totals (
  subject text not null,
  credits bigint not null,
  constraint grant_totals_pkey PRIMARY KEY (subject)
);

create table ledgerhook.invoice_payments (
  stripe_invoice_id text not null,
  paid_by text not null,
  created_at timestamp with time zone default now() not null,
  constraint invoice_payments_stripe_invoice_id_paid_by_pk PRIMARY KEY (stripe_invoice_id, paid_by)
);
CREATE UNIQUE INDEX invoice_payments_paid_by ON ledgerhook.invoice_payments USING btree (paid_by);

create table ledgerhook.met_balances (
  idempotency_key text not null,
  user_id text not null,
  balance bigint not null,
  created_at timestamp with time zone default now() not null,
  constraint met_balances_pkey PRIMARY KEY (idempotency_key),
  constraint met_balances_user_id_wallets_user_id_fk FOREIGN KEY (user_id) REFERENCES ledgerhook.wallets(user_id)
);

create table ledgerhook.migrations (
  tag text not null,
  hash text not null,
  applied_at timestamp with time zone default clock_timestamp() not null,
  constraint migrations_pkey PRIMARY KEY (tag)
);

create table ledgerhook.operator_actions (
  id bigint generated always as identity not null,
  at timestamp with time zone default now() not null,
  operator text not null,
  action text not null,
  provider text,
  event_id text,
  user_id text,
  amount bigint,
  note text,
  constraint operator_actions_action CHECK ((action = ANY (ARRAY['sign_in'::text, 'read_payload'::text, 'look_again'::text, 'settle'::text, 'settle_difference'::text, 'adjust'::text]))) NOT VALID,
  constraint operator_actions_pkey PRIMARY KEY (id)
);
CREATE INDEX operator_actions_event ON ledgerhook.operator_actions USING btree (event_id, id) WHERE (event_id IS NOT NULL);
CREATE INDEX operator_actions_user ON ledgerhook.operator_actions USING btree (user_id, id) WHERE (user_id IS NOT NULL);
CREATE TRIGGER operator_actions_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON ledgerhook.operator_actions FOR EACH STATEMENT EXECUTE FUNCTION ledgerhook.refuse_action_change(); -- always

create table ledgerhook.outgoing_events (
  id text not null,
  user_id text not null,
  sequence bigint not null,
  type text not null,
  fact text not null,
  data jsonb not null,
  state text default 'open'::text not null,
  next_at timestamp with time zone,
  tries integer default 0 not null,
  last_status integer,
  created_at timestamp with time zone default now() not null,
  ended_at timestamp with time zone,
  resent_at timestamp with time zone,
  constraint outgoing_events_fact_unique UNIQUE (fact),
  constraint outgoing_events_pkey PRIMARY KEY (id),
  constraint outgoing_events_state CHECK ((state = ANY (ARRAY['open'::text, 'sent'::text, 'undelivered'::text])))
);
CREATE INDEX outgoing_events_due ON ledgerhook.outgoing_events USING btree (next_at) WHERE (next_at IS NOT NULL);
CREATE UNIQUE INDEX outgoing_events_open ON ledgerhook.outgoing_events USING btree (user_id, sequence) WHERE (state = 'open'::text);
CREATE UNIQUE INDEX outgoing_events_order ON ledgerhook.outgoing_events USING btree (user_id, sequence);
CREATE INDEX outgoing_events_sent ON ledgerhook.outgoing_events USING btree (ended_at) WHERE (state = 'sent'::text);
CREATE INDEX outgoing_events_undelivered ON ledgerhook.outgoing_events USING btree (ended_at) WHERE (state = 'undelivered'::text);

create table ledgerhook.outgoing_queues (
  user_id text not null,
  sequence bigint not null,
  constraint outgoing_queues_pkey PRIMARY KEY (user_id)
);

create table ledgerhook.parked_ages (
  at timestamp with time zone not null,
  hours double precision not null,
  constraint parked_ages_pkey PRIMARY KEY (at)
);

create table ledgerhook.payments (
  stripe_payment_id text not null,
  user_id text not null,
  credits bigint not null,
  amount bigint not null,
  currency text not null,
  stripe_checkout_session_id text,
  stripe_payment_intent_id text,
  stripe_charge_id text,
  created_at timestamp with time zone default now() not null,
  gone_before bigint,
  constraint payments_pkey PRIMARY KEY (stripe_payment_id),
  constraint payments_sane CHECK (((credits >= 0) AND (amount >= 0))),
  constraint payments_stripe_checkout_session_id_unique UNIQUE (stripe_checkout_session_id),
  constraint payments_user_id_wallets_user_id_fk FOREIGN KEY (user_id) REFERENCES ledgerhook.wallets(user_id)
);
CREATE INDEX payments_charge ON ledgerhook.payments USING btree (stripe_charge_id) WHERE (stripe_charge_id IS NOT NULL);
CREATE INDEX payments_created ON ledgerhook.payments USING btree (created_at);
CREATE INDEX payments_earlier ON ledgerhook.payments USING btree (user_id) WHERE (gone_before IS NOT NULL);

create table ledgerhook.plan_lines (
  stripe_invoice_id text not null,
  stripe_line_id text not null,
  stripe_subscription_id text not null,
  stripe_price_id text,
  starts_at bigint not null,
  ends_at bigint not null,
  amount bigint not null,
  credits bigint not null,
  taken bigint default 0 not null,
  is_paid boolean not null,
  credited_invoice_id text,
  credited_line_ids text[],
  to_balance bigint default 0 not null,
  created_at timestamp with time zone default now() not null,
  constraint plan_lines_stripe_invoice_id_stripe_line_id_pk PRIMARY KEY (stripe_invoice_id, stripe_line_id),
  constraint plan_lines_taken CHECK (((taken >= 0) AND (taken <= GREATEST((0)::bigint, credits))))
);
CREATE INDEX plan_lines_credited ON ledgerhook.plan_lines USING btree (credited_invoice_id) WHERE (credited_invoice_id IS NOT NULL);
CREATE INDEX plan_lines_subscription ON ledgerhook.plan_lines USING btree (stripe_subscription_id, starts_at);

create table ledgerhook.query_times (
  at timestamp with time zone not null,
  upto_ms double precision not null,
  queries bigint not null,
  constraint query_times_at_upto_ms_pk PRIMARY KEY (at, upto_ms)
);

create table ledgerhook.rates (
  provider text not null,
  at timestamp with time zone not null,
  source text not null,
  type text not null,
  outcome text not null,
  reason text not null,
  fallback text not null,
  secret integer not null,
  count bigint not null,
  first_at timestamp with time zone not null,
  last_at timestamp with time zone not null,
  constraint rates_provider_at_source_type_outcome_reason_fallback_secret_pk PRIMARY KEY (provider, at, source, type, outcome, reason, fallback, secret)
);
CREATE INDEX rates_old_secret ON ledgerhook.rates USING btree (at) WHERE (secret > 1);

create table ledgerhook.reversals (
  id text not null,
  stripe_payment_id text not null,
  kind text not null,
  amount bigint not null,
  state text not null,
  stripe_payment_intent_id text,
  stripe_charge_id text,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  held bigint default 0 not null,
  transactions integer default 0 not null,
  totals bigint[],
  disputed bigint,
  reinstated bigint,
  constraint reversals_pkey PRIMARY KEY (id),
  constraint reversals_sane CHECK (((amount >= 0) AND
CASE kind
    WHEN 'refund'::text THEN (state = ANY (ARRAY['pending'::text, 'requires_action'::text, 'succeeded'::text, 'canceled'::text, 'failed'::text]))
    WHEN 'dispute'::text THEN (state = ANY (ARRAY['withdrawn'::text, 'lost'::text, 'reinstated'::text, 'won'::text]))
    WHEN 'charge'::text THEN (state = 'refunded'::text)
    ELSE false
END)),
  constraint reversals_stripe_payment_id_payments_stripe_payment_id_fk FOREIGN KEY (stripe_payment_id) REFERENCES ledgerhook.payments(stripe_payment_id)
);
CREATE INDEX reversals_payment ON ledgerhook.reversals USING btree (stripe_payment_id);

create table ledgerhook.settled_facts (
  subject text not null,
  provider text not null,
  event_id text not null,
  note text not null,
  settled_by text not null,
  settled_at timestamp with time zone default now() not null,
  constraint settled_facts_pkey PRIMARY KEY (subject)
);

create table ledgerhook.sightings (
  name text not null,
  seen_at timestamp with time zone default now() not null,
  moment timestamp with time zone,
  count integer default 0 not null,
  constraint sightings_pkey PRIMARY KEY (name)
);

create table ledgerhook.sign_in_failures (
  bucket integer not null,
  failures integer not null,
  blocked_until timestamp with time zone not null,
  constraint sign_in_failures_pkey PRIMARY KEY (bucket)
);

create table ledgerhook.stripe_account (
  one boolean default true not null,
  account text,
  livemode boolean not null,
  first_livemode boolean not null,
  since timestamp with time zone default now() not null,
  constraint stripe_account_pkey PRIMARY KEY (one)
);

create table ledgerhook.stripe_customers (
  id text not null,
  user_id text,
  deleted_at timestamp with time zone,
  created_at timestamp with time zone default now() not null,
  by_reference boolean default false not null,
  livemode boolean,
  unlinked_at timestamp with time zone,
  constraint stripe_customers_pkey PRIMARY KEY (id)
);
CREATE INDEX stripe_customers_user ON ledgerhook.stripe_customers USING btree (user_id);

create table ledgerhook.stripe_prices (
  id text not null,
  currency text not null,
  unit_amount numeric,
  "interval" text,
  interval_count integer,
  usage_type text,
  created_at timestamp with time zone default now() not null,
  lookup_key text,
  constraint stripe_prices_id_currency_pk PRIMARY KEY (id, currency)
);

create table ledgerhook.subscriptions (
  id text not null,
  user_id text not null,
  named_user_id text,
  stripe_customer_id text not null,
  stripe_price_id text,
  plan_key text,
  status text not null,
  current_period_end timestamp(3) with time zone,
  cancel_at_period_end boolean not null,
  cancel_at timestamp(3) with time zone,
  canceled_at timestamp(3) with time zone,
  ended_at timestamp(3) with time zone,
  last_event_at timestamp(3) with time zone not null,
  last_source text not null,
  previous jsonb,
  cancel_due_at timestamp with time zone,
  cancel_tries integer default 0 not null,
  cancel_requested_at timestamp with time zone,
  created_at timestamp(3) with time zone not null,
  updated_at timestamp with time zone default now() not null,
  collection_paused boolean default false not null,
  plan_group text,
  double_since timestamp with time zone,
  livemode boolean,
  constraint subscriptions_pkey PRIMARY KEY (id),
  constraint subscriptions_user_id_wallets_user_id_fk FOREIGN KEY (user_id) REFERENCES ledgerhook.wallets(user_id)
);
CREATE INDEX subscriptions_cancel_due ON ledgerhook.subscriptions USING btree (cancel_due_at) WHERE (cancel_due_at IS NOT NULL);
CREATE INDEX subscriptions_double ON ledgerhook.subscriptions USING btree (double_since) WHERE (double_since IS NOT NULL);
CREATE INDEX subscriptions_user ON ledgerhook.subscriptions USING btree (user_id);

create table ledgerhook.tallies (
  id bigint generated always as identity not null,
  at timestamp with time zone default now() not null,
  counts jsonb not null,
  constraint tallies_pkey PRIMARY KEY (id)
);

create table ledgerhook.tasks (
  name text not null,
  leased_until timestamp with time zone,
  next_at timestamp with time zone default now() not null,
  failures integer default 0 not null,
  cursor jsonb,
  last_good_at timestamp with time zone,
  created_at timestamp with time zone default now() not null,
  constraint tasks_pkey PRIMARY KEY (name)
);

create table ledgerhook.users (
  id text not null,
  email text,
  email_verified boolean default false not null,
  name text,
  stripe_customer_id text,
  provisioned_by text default 'webhook'::text not null,
  clerk_updated_at timestamp(3) with time zone,
  deactivated_at timestamp with time zone,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  bonus_withheld boolean,
  constraint users_pkey PRIMARY KEY (id),
  constraint users_provisioned_by CHECK ((provisioned_by = ANY (ARRAY['webhook'::text, 'session'::text, 'reconcile'::text]))),
  constraint users_stripe_customer_id_unique UNIQUE (stripe_customer_id)
);
CREATE UNIQUE INDEX users_active_email ON ledgerhook.users USING btree (lower(email)) WHERE (deactivated_at IS NULL);

create table ledgerhook.verbs (
  name text not null,
  constraint verbs_pkey PRIMARY KEY (name)
);

create table ledgerhook.waiting (
  subject text not null,
  provider text not null,
  event_id text not null,
  occurred_at timestamp(3) with time zone not null,
  retry_at timestamp with time zone,
  tries integer default 0 not null,
  constraint waiting_provider_event_id_subject_pk PRIMARY KEY (provider, event_id, subject),
  constraint waiting_provider_event_id_webhook_events_provider_event_id_fk FOREIGN KEY (provider, event_id) REFERENCES ledgerhook.webhook_events(provider, event_id)
);
CREATE INDEX waiting_retry ON ledgerhook.waiting USING btree (retry_at) WHERE (retry_at IS NOT NULL);
CREATE INDEX waiting_subject ON ledgerhook.waiting USING btree (subject, occurred_at, event_id);

create table ledgerhook.wallets (
  user_id text not null,
  balance bigint default 0 not null,
  closed_at timestamp with time zone,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  banned_at timestamp with time zone,
  low_armed bigint[] default '{}'::bigint[] not null,
  ban_as_of timestamp(3) with time zone,
  constraint wallets_exact CHECK (((balance >= '-9007199254740991'::bigint) AND (balance <= '9007199254740991'::bigint))),
  constraint wallets_pkey PRIMARY KEY (user_id)
);
CREATE INDEX wallets_closed ON ledgerhook.wallets USING btree (closed_at) WHERE (closed_at IS NOT NULL);
CREATE TRIGGER wallets_guard BEFORE INSERT OR DELETE OR UPDATE ON ledgerhook.wallets FOR EACH ROW EXECUTE FUNCTION ledgerhook.guard_wallet(); -- always
CREATE TRIGGER wallets_no_truncate BEFORE TRUNCATE ON ledgerhook.wallets FOR EACH STATEMENT EXECUTE FUNCTION ledgerhook.guard_wallet(); -- always

create table ledgerhook.webhook_events (
  provider text not null,
  event_id text not null,
  type text,
  outcome text not null,
  reason text,
  user_id text,
  payload jsonb,
  effect jsonb,
  about text[],
  sqlstate text,
  via text default 'webhook'::text not null,
  attempts integer default 1 not null,
  occurred_at timestamp(3) with time zone,
  received_at timestamp with time zone default now() not null,
  settled_at timestamp with time zone,
  build text,
  settings_hash text,
  fallback text,
  secret integer,
  constraint webhook_events_outcome CHECK ((outcome = ANY (ARRAY['applied'::text, 'duplicate'::text, 'stale'::text, 'ignored'::text, 'parked'::text, 'rejected'::text]))),
  constraint webhook_events_provider CHECK ((provider = ANY (ARRAY['clerk'::text, 'stripe'::text]))),
  constraint webhook_events_provider_event_id_pk PRIMARY KEY (provider, event_id),
  constraint webhook_events_via CHECK ((via = ANY (ARRAY['webhook'::text, 'release'::text, 'reconcile'::text]))) NOT VALID
);
CREATE INDEX webhook_events_about ON ledgerhook.webhook_events USING gin (about) WHERE (about IS NOT NULL);
CREATE INDEX webhook_events_foreign_user ON ledgerhook.webhook_events USING btree (received_at, event_id) WHERE ((outcome = 'parked'::text) AND (reason = 'unknown_user'::text) AND (user_id !~ '^user_\w+$'::text));
CREATE INDEX webhook_events_payload_settled ON ledgerhook.webhook_events USING btree (settled_at) WHERE ((payload IS NOT NULL) AND (outcome <> ALL (ARRAY['parked'::text, 'rejected'::text])));
CREATE INDEX webhook_events_received ON ledgerhook.webhook_events USING btree (received_at) WHERE (provider = ANY (ARRAY['clerk'::text, 'stripe'::text]));
CREATE INDEX webhook_events_unread ON ledgerhook.webhook_events USING btree (user_id) WHERE ((outcome = 'parked'::text) AND (effect IS NULL));
CREATE INDEX webhook_events_unsettled ON ledgerhook.webhook_events USING btree (outcome, reason, received_at) WHERE (outcome = ANY (ARRAY['parked'::text, 'rejected'::text]));
CREATE INDEX webhook_events_user ON ledgerhook.webhook_events USING btree (user_id, received_at);
CREATE INDEX webhook_events_user_unsettled ON ledgerhook.webhook_events USING btree (user_id, received_at) WHERE (outcome = ANY (ARRAY['parked'::text, 'rejected'::text]));

create view ledgerhook.user_billing as
 SELECT u.id,
    u.email,
    u.stripe_customer_id,
    s.id AS stripe_subscription_id,
    s.stripe_price_id,
    s.status AS subscription_status,
    s.current_period_end AS subscription_current_period_end,
    (s.cancel_at_period_end OR COALESCE((s.cancel_at <= s.current_period_end), false)) AS cancel_at_period_end,
    s.plan_key,
    w.balance,
    s.cancel_at,
    s.collection_paused
   FROM ((ledgerhook.users u
     LEFT JOIN ledgerhook.wallets w ON ((w.user_id = u.id)))
     LEFT JOIN LATERAL ( SELECT subscription.id,
            subscription.user_id,
            subscription.named_user_id,
            subscription.stripe_customer_id,
            subscription.stripe_price_id,
            subscription.plan_key,
            subscription.status,
            subscription.current_period_end,
            subscription.cancel_at_period_end,
            subscription.cancel_at,
            subscription.canceled_at,
            subscription.ended_at,
            subscription.last_event_at,
            subscription.last_source,
            subscription.previous,
            subscription.cancel_due_at,
            subscription.cancel_tries,
            subscription.cancel_requested_at,
            subscription.created_at,
            subscription.updated_at,
            subscription.collection_paused,
            subscription.plan_group,
            subscription.double_since,
            subscription.livemode
           FROM ledgerhook.subscriptions subscription
          WHERE ((subscription.user_id = u.id) AND (NOT (EXISTS ( SELECT
                   FROM ledgerhook.stripe_account served
                  WHERE (served.one AND (served.livemode <> COALESCE(subscription.livemode, served.first_livemode)))))))
          ORDER BY ((subscription.status = ANY (ARRAY['active'::text, 'trialing'::text, 'past_due'::text])) AND (subscription.plan_key IS NOT NULL)) DESC, ((subscription.named_user_id IS DISTINCT FROM subscription.user_id) AND COALESCE(( SELECT customer.by_reference
                   FROM ledgerhook.stripe_customers customer
                  WHERE (customer.id = subscription.stripe_customer_id)), false)),
                CASE subscription.status
                    WHEN 'active'::text THEN 1
                    WHEN 'trialing'::text THEN 2
                    WHEN 'past_due'::text THEN 3
                    WHEN 'paused'::text THEN 4
                    WHEN 'unpaid'::text THEN 5
                    WHEN 'incomplete'::text THEN 6
                    WHEN 'canceled'::text THEN 8
                    WHEN 'incomplete_expired'::text THEN 9
                    ELSE 7
                END, subscription.created_at DESC, subscription.id DESC
         LIMIT 1) s ON (true));

create function ledgerhook.actions_about(of_event text, of_user text, most integer) returns jsonb
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.address_key(email text) returns text
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.adjust(facts jsonb) returns jsonb
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.adjust_each(rows jsonb, to_balance boolean, only_checks boolean) returns jsonb
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.adjust_for_operator(facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.adjust_many(facts jsonb) returns jsonb
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.adopt_customer(facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.alert_message(alert ledgerhook.alerts, change text) returns jsonb
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.as_looked_at(event ledgerhook.webhook_events) returns ledgerhook.webhook_events
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.asks(reason text, user_id text, verb text, facts jsonb, subject text) returns jsonb
  language sql stable;

create function ledgerhook.asks_stripe() returns boolean
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.attention(facts jsonb) returns jsonb
  language plpgsql stable security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.attention_besides(facts jsonb) returns jsonb
  language plpgsql stable security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.begin_pass(facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.behind_besides() returns jsonb
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.bind_customer(owner text, customer text) returns void
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.bought_credits(line jsonb, in_currency text) returns numeric
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.bound_owner(customer text) returns text
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.calendar_interval(starts_at bigint, price ledgerhook.stripe_prices) returns text
  language plpgsql immutable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.carry_balance() returns trigger
  language plpgsql volatile security definer set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.charged_by(invoice jsonb) returns numeric
  language plpgsql immutable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.charges_unknown_plan(lines jsonb) returns boolean
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.check_alerts(facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.claim_customer(claimant text, customer text) returns boolean
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.close_by_hand(of_provider text, of_event text, note text, person text) returns jsonb
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.close_difference(of_object text, kinds text[], note text, person text) returns jsonb
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.close_user(delivery jsonb, facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.close_user_subjects(facts jsonb) returns text[]
  language plpgsql immutable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.commit_batch(facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.commit_one(delivery text, given text, facts jsonb) returns jsonb
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.compare_effects(facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set lock_timeout = 200ms set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.compared_state(given jsonb) returns jsonb
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.confirmed_after(kind text) returns interval
  language sql immutable;

create function ledgerhook.count_again(delivery jsonb, user_id text) returns jsonb
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.count_granted(amount bigint, VARIADIC subjects text[]) returns void
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.count_unsettled(facts jsonb) returns jsonb
  language plpgsql stable security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.credit_again(delivery jsonb, credited ledgerhook.payments, invoice text, payment_intent text, session text, charge text) returns jsonb
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.credit_invoice(delivery jsonb, facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.credit_invoice_subjects(facts jsonb) returns text[]
  language plpgsql immutable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.credit_lines(delivery jsonb, facts jsonb, owner text, ids text[]) returns jsonb
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.credit_since() returns timestamp with time zone
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.credited_by(line jsonb) returns SETOF ledgerhook.plan_lines
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.credited_subjects(lines jsonb) returns text[]
  language plpgsql immutable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.credits_in(moved jsonb) returns bigint
  language plpgsql immutable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.credits_taken(payment text) returns bigint
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.credits_to_balance(invoice text) returns bigint
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.credits_to_be_gone(payment ledgerhook.payments) returns bigint
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.credits_unknown_line(line jsonb, lines jsonb) returns boolean
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.current_subscription(given text) returns jsonb
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.customer_owner(customer text) returns text
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.database_p95(since timestamp with time zone, until timestamp with time zone) returns double precision
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.decide_bonus(claim jsonb, is_first boolean, event text) returns void
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.deep_health(facts jsonb) returns jsonb
  language plpgsql stable security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.deliveries_named(facts jsonb, lower_at timestamp with time zone, upper_at timestamp with time zone) returns SETOF ledgerhook.webhook_events
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.difference_kind(verb text, given jsonb, before jsonb, after jsonb, verdict jsonb) returns text
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.difference_of(object text, verb text, given jsonb, delivery jsonb) returns jsonb
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.displace(holder text, claimant text, verified boolean, claimed_at timestamp with time zone) returns boolean
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.earlier_adjustment(entry_key text, given text, amount bigint, to_balance boolean) returns jsonb
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.end_alert_messages(facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.end_outgoing(facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.ensure_user(given text, bring boolean, erase boolean) returns text
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.entries_for(given text, before_id bigint, most integer) returns SETOF ledgerhook.credit_ledger
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.entries_of(of_user text, of_payment text, of_event text, before_id bigint, most integer) returns SETOF ledgerhook.credit_ledger
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.erase_payloads(facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set lock_timeout = 200ms set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.expire_payloads(facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.explain(facts jsonb) returns jsonb
  language plpgsql stable security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.explained_delivery(event ledgerhook.webhook_events) returns jsonb
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.explained_entry(entry ledgerhook.credit_ledger) returns jsonb
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.failing_tasks(task_names text[]) returns SETOF ledgerhook.tasks
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.find_deliveries(facts jsonb) returns jsonb
  language plpgsql stable security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.find_overlooked(facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set lock_timeout = 200ms set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.finding_of(kind text, object text, verdict jsonb, credits bigint) returns jsonb
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.finish_tasks(facts jsonb) returns jsonb
  language plpgsql volatile security definer set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.fold_tallies(most integer) returns void
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.follow_ban(given text, is_banned boolean, as_of timestamp with time zone) returns void
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.forget_differences(facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.forget_previous(stored ledgerhook.subscriptions, reported ledgerhook.subscriptions) returns void
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.forget_rates(most integer) returns void
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.gap_around(moment timestamp with time zone) returns interval
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.give_back(facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.give_up(facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.given_back(entry ledgerhook.credit_ledger) returns jsonb
  language plpgsql immutable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.grant_credits(facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.grant_periods(owner text, subscription text, invoice text, grants jsonb, event text) returns void
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.grant_plan(delivery jsonb, facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.grant_plan_subjects(facts jsonb) returns text[]
  language plpgsql immutable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.grant_signup_bonus(given text, credits bigint, event text) returns void
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.guard_wallet() returns trigger
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.has_bonus(given text) returns boolean
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.has_doubtful_refunds(payment text) returns boolean
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.has_failed_refunds(payment text) returns boolean
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.has_granted_period(period text, first text, invoice text) returns boolean
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.has_older_trial(owner text, names jsonb) returns boolean
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.has_signed_up_since(claim jsonb) returns boolean
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.has_unknown_refunds(payment text) returns boolean
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.held_by(dispute ledgerhook.reversals, refunded numeric) returns numeric
  language plpgsql immutable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.held_in(reported jsonb) returns bigint
  language plpgsql immutable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.holds_customer(claimant text, customer text) returns boolean
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.if_known(delivery jsonb, facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.if_known_subjects(facts jsonb) returns text[]
  language plpgsql immutable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.import_payment(facts jsonb, erase boolean) returns jsonb
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.import_payments(facts jsonb) returns jsonb
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.in_currency_of(payment ledgerhook.payments, dispute ledgerhook.reversals, withdrawn numeric, returned numeric, charge jsonb) returns ledgerhook.reversals
  language plpgsql immutable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.in_utc(moment timestamp with time zone) returns text
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.installed_at() returns timestamp with time zone
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.interval_before(ends_at bigint, price ledgerhook.stripe_prices) returns numeric
  language plpgsql immutable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.invoice_grants(owner text, facts jsonb) returns jsonb
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.invoice_paid_by(payment text) returns text
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.invoice_takes(facts jsonb) returns jsonb
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.is_any_known(about text[]) returns boolean
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.is_as_settled(known ledgerhook.differences, reported jsonb) returns boolean
  language plpgsql immutable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.is_before_start(delivery jsonb, created bigint) returns boolean
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.is_by_reference(customer text) returns boolean
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.is_credited_at_once(invoice text, line text, start bigint) returns boolean
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.is_enough(number numeric, share numeric) returns boolean
  language sql immutable;

create function ledgerhook.is_erased(given text) returns boolean
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.is_exact(credits numeric) returns boolean
  language sql immutable;

create function ledgerhook.is_final(outcome text, reason text) returns boolean
  language sql immutable;

create function ledgerhook.is_gone(customer text) returns boolean
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.is_granted(subscription text, period_start bigint) returns boolean
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.is_here(awaited ledgerhook.waiting) returns boolean
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.is_invoice_credited(invoice text) returns boolean
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.is_invoice_waiting(invoice text) returns boolean
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.is_live_plan(status text, plan_key text) returns boolean
  language sql immutable;

create function ledgerhook.is_locked(subject text) returns boolean
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.is_match(event ledgerhook.webhook_events, facts jsonb) returns boolean
  language plpgsql immutable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.is_of_another(claimant text, customer text) returns boolean
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.is_of_test_mode(delivery jsonb) returns boolean
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.is_of_unknown_plan(lines jsonb) returns boolean
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.is_orphan(subscription ledgerhook.subscriptions) returns boolean
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.is_served(live boolean) returns boolean
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.is_settled(delivery jsonb) returns boolean
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.is_settled_by_hand(VARIADIC subjects text[]) returns boolean
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.is_settled_difference(of_provider text, of_object text, reported jsonb) returns boolean
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.is_subject_here(subject text, event ledgerhook.webhook_events) returns boolean
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.is_unread(given text) returns boolean
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.keep_credited(credited jsonb, in_currency text) returns void
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.keep_lines(invoice text, lines jsonb, grants jsonb, is_paid boolean) returns void
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.keep_older_invoice(invoice text, lines jsonb) returns void
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.keep_older_invoices(lines jsonb) returns void
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.keep_prices(prices jsonb) returns void
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.keep_refunds(one ledgerhook.reversals, refunds jsonb) returns void
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.keep_reported(payment ledgerhook.payments, reported jsonb) returns void
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.keep_reversal(reported ledgerhook.reversals) returns void
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.keep_tally(delivery jsonb) returns void
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.keep_verb(verb text) returns void
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.kept_content(stored ledgerhook.subscriptions) returns jsonb
  language plpgsql immutable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.kept_payload(given jsonb, erase boolean, outcome text, of_user text) returns jsonb
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.key_of_nothing(owner text, line jsonb, in_currency text) returns text
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.key_of_period(invoice text, line jsonb, lines jsonb) returns text
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.keys_of_invoice(invoice text) returns text[]
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.lacks_lookup_keys(lines jsonb) returns boolean
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.lacks_prices(in_currency text, lines jsonb) returns boolean
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.last_delivery(until timestamp with time zone) returns timestamp with time zone
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.late_tasks(task_names text[]) returns SETOF ledgerhook.tasks
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.lease_tasks(facts jsonb) returns jsonb
  language plpgsql volatile security definer set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.link_customer(delivery jsonb, facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.link_customer_subjects(facts jsonb) returns text[]
  language plpgsql immutable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.link_first_customer(owner text, customer text) returns void
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.link_invoice_payment(delivery jsonb, facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.link_invoice_payment_subjects(facts jsonb) returns text[]
  language plpgsql immutable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.list_alerts(facts jsonb) returns jsonb
  language plpgsql stable security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.lock_address(claimant text, address text) returns text
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.lock_addresses(email text, verified text[]) returns void
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.lock_if_unknown(about text[], named text) returns boolean
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.lock_invoice_payments(invoice text, payment text, charge text) returns text[]
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.lock_owner(customer text, named text, others text[]) returns text
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.lock_referred(customer text, referred text) returns text
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.lock_sale(customer text, invoice text, payment_intent text, session text, charge text, owner text) returns text[]
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.lock_subjects(VARIADIC subjects text[]) returns void
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.lock_with_customer(given text) returns text
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.look_up(facts jsonb) returns jsonb
  language plpgsql stable security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.lookup_key_of(price text) returns text
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.mark_arrived(given text, after_at timestamp with time zone, after_event text) returns void
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.mark_cancelled(facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.mark_doubles(given text) returns void
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.mark_orphans(facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.may_be_linked(customer ledgerhook.stripe_customers) returns boolean
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.may_be_of_earlier_session(facts jsonb) returns boolean
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.measure_attention(task_names text[]) returns TABLE(name text, about text, value double precision, details jsonb)
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.measure_queue() returns TABLE(name text, about text, value double precision, details jsonb)
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.measure_rates() returns TABLE(name text, about text, value double precision, details jsonb)
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.measure_secrets(configured jsonb) returns TABLE(name text, about text, value double precision, details jsonb)
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.measure_silence() returns TABLE(name text, about text, value double precision, details jsonb)
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.measure_tasks(reconciles boolean) returns TABLE(name text, about text, value double precision, details jsonb)
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.measure_waiting(parked text[], rejected text[]) returns TABLE(name text, about text, value double precision, details jsonb)
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.message(event jsonb) returns jsonb
  language plpgsql immutable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.missing_invoices(invoice text, lines jsonb) returns text[]
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.money_gone(known ledgerhook.reversals[]) returns numeric
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.money_refunded(known ledgerhook.reversals[]) returns numeric
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.move_balance() returns trigger
  language plpgsql volatile security definer set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.name_invoice_payment(invoice text, payment text) returns boolean
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.names_clerk_user(id text) returns boolean
  language sql immutable;

create function ledgerhook.needs_rate(reported jsonb) returns boolean
  language plpgsql immutable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.next_customer(owner text) returns text
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.next_outgoing(owner text, lease boolean) returns jsonb
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.next_slot(since timestamp with time zone) returns timestamp with time zone
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.next_try(tries integer) returns timestamp with time zone
  language sql stable;

create function ledgerhook.note_parked_age() returns void
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.of_setting(delivery jsonb, unknown text) returns jsonb
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.oldest_parked_hours(since timestamp with time zone, until timestamp with time zone) returns numeric
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.open_wallet(given text) returns boolean
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.operator_actions_page(facts jsonb) returns jsonb
  language plpgsql stable security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.order_within_second(stored ledgerhook.subscriptions, reported ledgerhook.subscriptions) returns text
  language plpgsql immutable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.our_payments(facts jsonb) returns jsonb
  language plpgsql stable security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.our_unsettled(facts jsonb) returns jsonb
  language plpgsql stable security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.our_users(facts jsonb) returns jsonb
  language plpgsql stable security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.ours_of(facts jsonb) returns jsonb
  language plpgsql stable security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.outranks(first ledgerhook.reversals, second ledgerhook.reversals) returns boolean
  language sql immutable;

create function ledgerhook.overview(facts jsonb) returns jsonb
  language plpgsql stable security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.owed_for(invoice text, line text) returns numeric
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.owner_of(customer text, named text) returns text
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.owner_unknown(owner text) returns text
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.paid_of(bought numeric, invoice jsonb) returns numeric
  language plpgsql immutable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.part_of(part numeric, whole numeric) returns numeric
  language sql immutable;

create function ledgerhook.payment_of(payment_intent text, charge text) returns ledgerhook.payments
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.payment_subjects(ids text[]) returns text[]
  language plpgsql immutable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.pays_another_invoice(invoice text, payment text) returns boolean
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.period_key(subscription text, period_start bigint) returns text
  language sql immutable;

create function ledgerhook.plain_address(email text) returns text
  language plpgsql immutable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.price_of(line jsonb, in_currency text) returns ledgerhook.stripe_prices
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.provide_charge(payment ledgerhook.payments, charge text) returns text
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.provide_customer(owner text, customer text) returns text
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.provide_named_customer(owner text, customer text, named text) returns text
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.rate_of(since timestamp with time zone, until timestamp with time zone) returns jsonb
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.read_buyer(facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.read_entitlements(facts jsonb) returns jsonb
  language plpgsql stable security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.read_me(facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.read_plan_buyer(facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.read_portal(facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.read_rates(facts jsonb) returns jsonb
  language plpgsql stable security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.read_stripe_account(facts jsonb) returns jsonb
  language plpgsql stable security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.read_wallet(facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.readable_payload(event ledgerhook.webhook_events) returns jsonb
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.readiness(facts jsonb) returns jsonb
  language plpgsql stable security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.record_action(operator text, action text, provider text, event_id text, user_id text, amount bigint, note text) returns void
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.record_delivery(delivery jsonb, facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.record_delivery_subjects(facts jsonb) returns text[]
  language plpgsql immutable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.record_for_customer(delivery jsonb, facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.record_for_customer_subjects(facts jsonb) returns text[]
  language plpgsql immutable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.record_nothing(delivery jsonb, invoice text, lines jsonb, owner text) returns jsonb
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.refer_customer(delivery jsonb, facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.refer_customer_subjects(facts jsonb) returns text[]
  language plpgsql immutable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.refer_to(owner text, customer text) returns text
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.refunds_standing(known ledgerhook.reversals[]) returns numeric
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.refuse_action_change() returns trigger
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.refuse_customer(delivery jsonb, refused text, customer text, objection text, verb text, facts jsonb) returns jsonb
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.refuse_invoice(delivery jsonb, owner text, objection text, facts jsonb) returns jsonb
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.refuse_ledger_change() returns trigger
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.refused_before_start(facts jsonb) returns jsonb
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.reject_unread(given text, providers text[], most integer) returns void
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.release(erase boolean, VARIADIC subjects text[]) returns jsonb
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.release_arrived(facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set lock_timeout = 200ms set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.release_delivery(erase boolean, of_provider text, of_event text) returns jsonb
  language plpgsql volatile set lock_timeout = 50ms set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.release_subject(erase boolean, given text, after_at timestamp with time zone, after_event text) returns jsonb
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.releases_left() returns integer
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.releases_made() returns integer
  language sql stable;

create function ledgerhook.remember_customer(owner text, customer text) returns boolean
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.remove_user(given text) returns boolean
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.replaces_another(line jsonb, lines jsonb) returns boolean
  language plpgsql immutable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.resend_events(facts jsonb) returns jsonb
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.resend_of(owner text, ids text[]) returns integer
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.return_due(facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.return_reversed(owner text, by_invoice text, event text) returns void
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.returned_by(invoice jsonb) returns numeric
  language plpgsql immutable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.returned_of(spend_id bigint) returns bigint
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.reversal_rank(state text) returns integer
  language sql immutable;

create function ledgerhook.reversals_by_charge(payment text) returns SETOF ledgerhook.reversals[]
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.reverse_payment(delivery jsonb, facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.reverse_payment_subjects(facts jsonb) returns text[]
  language plpgsql immutable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.roll_up(facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.roll_up_slot(slot timestamp with time zone) returns void
  language plpgsql volatile set enable_sort = off set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.run_late_since() returns timestamp with time zone
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.run_verb(given_verb text, delivery jsonb, given jsonb) returns jsonb
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.run_verbs(deliveries jsonb) returns jsonb
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.saw(given text, given_moment timestamp with time zone, number integer) returns void
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.saw_queue(facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.says_the_same(verb text, given jsonb, before jsonb) returns boolean
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.secrets_in_use() returns jsonb
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.sells_nothing(lines jsonb) returns boolean
  language plpgsql immutable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.serve_stripe_account(facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.served_livemode() returns boolean
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.serves(given_account text, live boolean) returns boolean
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.set_stripe_account(facts jsonb) returns jsonb
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.settle_difference(facts jsonb) returns jsonb
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.settle_difference_for_operator(facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.settle_event(facts jsonb) returns jsonb
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.settle_for_operator(facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.settle_many_for_operator(facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.settle_payment(delivery jsonb, facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.settle_payment_subjects(facts jsonb) returns text[]
  language plpgsql immutable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.settle_return(facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.settle_session(delivery jsonb, facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.settle_session_subjects(facts jsonb) returns text[]
  language plpgsql immutable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.settled_invoices(event ledgerhook.webhook_events) returns text[]
  language plpgsql immutable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.settled_subjects(event ledgerhook.webhook_events) returns text[]
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.show_delivery(facts jsonb) returns jsonb
  language plpgsql stable security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.show_payload(facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.shown_delivery(event ledgerhook.webhook_events) returns jsonb
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.shown_payments(ids text[]) returns jsonb
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.shown_series(step text, steps integer) returns jsonb
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.shown_user(given text) returns jsonb
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.silence_allowed() returns interval
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.slot_of(moment timestamp with time zone) returns timestamp with time zone
  language sql immutable;

create function ledgerhook.spend(facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.step_alert(given_name text, given_about text, measured double precision, given_details jsonb, given_threshold double precision, is_critical boolean, after_time interval) returns jsonb
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.step_below(step double precision) returns double precision
  language plpgsql immutable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.still_awaited(event ledgerhook.webhook_events) returns jsonb
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.storable_payload(body text) returns jsonb
  language plpgsql immutable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.store_subscription(stored ledgerhook.subscriptions, reported ledgerhook.subscriptions) returns void
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.stored_delivery(event ledgerhook.webhook_events, body text) returns jsonb
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.subject_of(given text) returns TABLE(user_id text, payment text, event_id text)
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.subjects_about(about text[]) returns text[]
  language plpgsql immutable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.subjects_of(given text, facts jsonb) returns text[]
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.subjects_of_all(deliveries jsonb) returns text[]
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.subscription_content(reported ledgerhook.subscriptions) returns jsonb
  language plpgsql immutable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.subscription_order(stored ledgerhook.subscriptions, reported ledgerhook.subscriptions) returns text
  language plpgsql immutable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.sum_for(given text) returns bigint
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.sum_of(of_user text, of_payment text, of_event text) returns bigint
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.sync_subscription(delivery jsonb, facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.sync_subscription_subjects(facts jsonb) returns text[]
  language plpgsql immutable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.sync_user(delivery jsonb, facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.sync_user_subjects(facts jsonb) returns text[]
  language plpgsql immutable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.take_alert_messages(facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.take_due(facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.take_for(invoice text, in_currency text, line jsonb, balance_share numeric) returns bigint
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.take_for_operator(facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.take_many_for_operator(facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.take_or_return(payment ledgerhook.payments, kind text, credits bigint, event text) returns void
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.take_orphans(facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.take_outgoing(facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.tally_arrival(delivery jsonb, stored_via text) returns void
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.tell(about text, event_type text, told_fact text, details jsonb) returns void
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.tell_entry(entry ledgerhook.credit_ledger) returns void
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.tell_low(entry ledgerhook.credit_ledger) returns void
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.tell_rejected(user_id text, provider text, event text, reason text, about text[]) returns void
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.telling() returns jsonb
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.total_of(grants jsonb) returns bigint
  language plpgsql immutable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.totals_of(charge ledgerhook.reversals) returns bigint[]
  language sql immutable;

create function ledgerhook.try_locks_only() returns void
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.try_sign_in(facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.unchanged(standing jsonb, given jsonb) returns jsonb
  language plpgsql immutable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.undelivered_events(facts jsonb) returns jsonb
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.unexplained_total(known ledgerhook.reversals[]) returns numeric
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.ungranted_of(subscription text, grants jsonb) returns bigint
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.unknown_events(facts jsonb) returns jsonb
  language plpgsql stable security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.unlink_customer(delivery jsonb, facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.unlink_customer_subjects(facts jsonb) returns text[]
  language plpgsql immutable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.unlink_unknown(owner text, customer text) returns void
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.unsettled_deliveries(facts jsonb, lower_at timestamp with time zone, upper_at timestamp with time zone) returns SETOF ledgerhook.webhook_events
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.use_address_of(given text) returns void
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.use_addresses(addresses text[]) returns void
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.use_known_addresses(facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set lock_timeout = 200ms set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.verdict(outcome text, reason text, user_id text) returns jsonb
  language sql stable;

create function ledgerhook.wait_for(of_provider text, of_event text, occurred timestamp with time zone, subjects text[], asks boolean, waited boolean) returns void
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.waiting_facts(delivery jsonb) returns jsonb
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.waiting_for(given text, is_user boolean, most integer) returns SETOF ledgerhook.webhook_events
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.waits(outcome text, reason text, user_id text, verb text, facts jsonb, waits_for text[]) returns jsonb
  language sql stable;

create function ledgerhook.wallet_page(given text, page_size integer, before_id bigint) returns jsonb
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.watch_difference(of_pass text, of_provider text, of_object text, reported jsonb) returns jsonb
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.watch_found(facts jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.why_barred(given text) returns text
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.why_beyond(credits bigint, refused text, limited_by text, most bigint, counted text) returns jsonb
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.why_contradicted(named text, reference text) returns text
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.why_not_credited(delivery jsonb, created bigint) returns text
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.why_refused(given text, credits bigint) returns text
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.with_mode(effect jsonb, livemode text) returns jsonb
  language sql immutable;

create function ledgerhook.with_needed_prices(lines jsonb) returns jsonb
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.with_outgoing(answer jsonb) returns jsonb
  language plpgsql volatile security definer set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.with_plans(lines jsonb, plans jsonb) returns jsonb
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.with_plans_of(invoices jsonb, plans jsonb) returns jsonb
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.with_released(verdict jsonb, released jsonb) returns jsonb
  language plpgsql immutable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.with_sale(grants jsonb, invoice text, sold bigint, paid_by text[]) returns jsonb
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.with_waiting_facts(delivery jsonb, given jsonb) returns jsonb
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.with_waiting_grants(delivery jsonb, grants jsonb) returns jsonb
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.with_waiting_lines(delivery jsonb, lines jsonb) returns jsonb
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.with_waiting_plans(delivery jsonb, plans jsonb) returns jsonb
  language plpgsql stable set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.write_credits(delivery jsonb, facts jsonb, owner text, grants jsonb, ids text[]) returns jsonb
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

create function ledgerhook.write_entries(owner text, kind text, sign integer, moved jsonb, payment text, event text) returns void
  language plpgsql volatile set search_path = pg_catalog, ledgerhook, pg_temp;

grant execute on function ledgerhook.adjust_for_operator(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.adopt_customer(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.attention(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.attention_besides(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.begin_pass(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.check_alerts(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.close_user(jsonb,jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.commit_batch(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.compare_effects(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.count_unsettled(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.credit_invoice(jsonb,jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.deep_health(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.end_alert_messages(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.end_outgoing(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.erase_payloads(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.expire_payloads(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.explain(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.find_deliveries(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.find_overlooked(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.finish_tasks(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.forget_differences(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.give_back(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.give_up(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.grant_credits(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.grant_plan(jsonb,jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.if_known(jsonb,jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.lease_tasks(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.link_customer(jsonb,jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.link_invoice_payment(jsonb,jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.list_alerts(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.look_up(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.mark_cancelled(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.mark_orphans(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.operator_actions_page(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.our_payments(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.our_unsettled(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.our_users(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.ours_of(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.overview(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.read_buyer(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.read_entitlements(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.read_me(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.read_plan_buyer(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.read_portal(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.read_rates(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.read_stripe_account(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.read_wallet(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.readiness(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.record_delivery(jsonb,jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.record_for_customer(jsonb,jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.refer_customer(jsonb,jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.release_arrived(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.return_due(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.reverse_payment(jsonb,jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.roll_up(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.saw_queue(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.serve_stripe_account(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.settle_difference_for_operator(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.settle_for_operator(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.settle_many_for_operator(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.settle_payment(jsonb,jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.settle_return(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.settle_session(jsonb,jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.show_delivery(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.show_payload(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.spend(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.sync_subscription(jsonb,jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.sync_user(jsonb,jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.take_alert_messages(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.take_due(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.take_for_operator(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.take_many_for_operator(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.take_orphans(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.take_outgoing(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.try_sign_in(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.unknown_events(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.unlink_customer(jsonb,jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.use_known_addresses(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.watch_found(jsonb) to ledgerhook_worker;
grant execute on function ledgerhook.with_outgoing(jsonb) to ledgerhook_worker;
grant references (user_id), select on ledgerhook.wallets to ledgerhook_app;
grant select on ledgerhook.credit_ledger to ledgerhook_app;
grant select on ledgerhook.user_billing to ledgerhook_app;
grant select on ledgerhook.users to ledgerhook_app;
grant usage on schema ledgerhook to ledgerhook_app;
grant usage on schema ledgerhook to ledgerhook_worker;
