import { expect, it } from 'vitest'
import { holdOpen, query } from './support.ts'

const SALE = {
  user_id: 'user_1',
  credits: 5,
  stripe_payment_id: 'in_1',
  amount: 5,
  currency: 'usd',
  stripe_checkout_session_id: 'cs_1',
  stripe_payment_intent_id: 'pi_1',
  stripe_invoice_id: 'in_1',
  stripe_charge_id: 'ch_1',
  stripe_customer_id: 'cus_1',
}

/** Facts of every verb, with every id that they may contain. Add new verbs here. */
const FACTS: Record<string, object> = {
  settle_payment: SALE,
  settle_session: { ...SALE, by_reference: true, unread: null },
  refer_customer: { user_id: 'user_1', stripe_customer_id: 'cus_1' },
  grant_plan: {
    stripe_invoice_id: 'in_1',
    stripe_subscription_id: 'sub_1',
    stripe_customer_id: 'cus_1',
    user_id: 'user_1',
    amount: 5,
    currency: 'usd',
    paid_by: 'pi_1',
    stripe_charge_id: 'ch_1',
    grants: [],
  },
  credit_invoice: {
    stripe_invoice_id: 'in_1',
    stripe_subscription_id: 'sub_1',
    stripe_customer_id: 'cus_1',
    user_id: 'user_1',
    amount: 5,
    currency: 'usd',
    paid_by: 'pi_1',
    stripe_charge_id: 'ch_1',
    lines: [{ id: 'il_1', amount: -5, credits: 1, credits_invoice: 'in_2' }],
    prices: [],
    credited: [],
  },
  link_invoice_payment: { stripe_invoice_id: 'in_1', paid_by: 'pi_1' },
  reverse_payment: {
    kind: 'refund',
    id: 're_1',
    stripe_payment_intent_id: 'pi_1',
    stripe_charge_id: 'ch_1',
    amount: 5,
    currency: 'usd',
    state: 'succeeded',
    user_id: 'user_1',
    stripe_customer_id: 'cus_1',
  },
  sync_user: {
    user_id: 'user_1',
    email: 'Ada@Example.com',
    email_verified: true,
    verified_addresses: ['Ada+1@Example.com', 'ada@other.example.com'],
    signup_bonus: 0,
    banned: false,
  },
  close_user: { user_id: 'user_1' },
  link_customer: { user_id: 'user_1', stripe_customer_id: 'cus_1' },
  unlink_customer: { stripe_customer_id: 'cus_1' },
  if_known: {
    verb: 'link_customer',
    facts: { user_id: 'user_1', stripe_customer_id: 'cus_1' },
    about: ['cs_1', 'pi_1', 'in_1', 'ch_1', 're_1', 'sub_1', 'cus_1'],
    user_id: 'user_1',
  },
  record_for_customer: {
    outcome: 'ignored',
    reason: 'no_effect',
    user_id: 'user_1',
    stripe_customer_id: 'cus_1',
  },
  record_delivery: { outcome: 'ignored', reason: 'no_effect', user_id: 'user_1' },
  sync_subscription: {
    stripe_subscription_id: 'sub_1',
    stripe_customer_id: 'cus_1',
    user_id: 'user_1',
    source: 'updated',
    state: { status: 'active', cancel_at_period_end: false, created_at: '2026-05-01T12:00:00Z' },
  },
}

const DELIVERY = {
  provider: 'stripe',
  event_id: 'evt_subjects',
  type: 'test',
  via: 'webhook',
  erase: false,
  occurred_at: '2026-05-01T12:00:00Z',
  body: '{}',
}

const verbs = await query<{ name: string }>('select name from verbs order by name')

it.each(verbs)('the subjects of $name are all that it locks where nothing is stored', async ({ name }) => {
  // Each verb has its own ids: if nothing is found, a verb knows no more subjects than its facts name.
  const facts = JSON.stringify(FACTS[name] ?? null).replaceAll('_1"', `_${name}"`)
  await query(`create table if not exists locked (verb text, held text[], named text[])`)
  const release = await holdOpen(
    [`select ledgerhook."${name}"($1::jsonb, $2::jsonb)`, [JSON.stringify(DELIVERY), facts]],
    [
      `insert into locked select $1,
         array(select line from unnest(string_to_array(trim(both E'\\n' from current_setting('ledgerhook.held')), E'\\n')) line order by line),
         array(select distinct subject from unnest(subjects_of($1, $2::jsonb)) subject where subject is not null order by subject)`,
      [name, facts],
    ],
    // The rows of one verb must not affect another.
    [`do $$ begin delete from ledgerhook.waiting; delete from ledgerhook.webhook_events; end $$`, []],
  )
  await release()
  const [row] = await query<{ held: string[]; named: string[] }>(
    'select held, named from locked where verb = $1',
    [name],
  )
  expect(row?.held).not.toEqual([])
  expect(row?.named).toEqual(row?.held)
})

it('there is no verb of which this knows no facts', () => {
  expect(verbs.map(({ name }) => name)).toEqual(Object.keys(FACTS).sort())
})

it.each(verbs)('$name has every id here that it reads of its facts', async ({ name }) => {
  const [row] = await query<{ prosrc: string }>('select prosrc from pg_proc where proname = $1', [name])
  const [, columns = ''] = /jsonb_to_record\(facts\) as f\(([^)]*)\)/.exec(row?.prosrc ?? '') ?? []
  const read = columns.split(',').map((column) => column.trim().split(' ')[0] ?? '')
  const ids = read.filter((fact) => /(^id|_id|paid_by|email|addresses|lines)$/.test(fact))
  expect(Object.keys(FACTS[name] ?? {})).toEqual(expect.arrayContaining(ids))
})
