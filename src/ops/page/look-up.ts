import type { Context } from 'hono'
import { html } from 'hono/html'
import { call, connect } from '../../db.ts'
import { MAX_CREDITS } from '../../limits.ts'
import { tellingAfter } from '../../outgoing/after.ts'
import { settingsOf } from '../../settings.ts'
import { idOf } from '../../values.ts'
import { type ExplainedEntry, type Explanation, inWords, MOST_SUMMED, outcomeInWords } from '../explain.ts'
import { readQuery, WrongQuery } from '../query.ts'
import { position } from '../query-forms.ts'
import { type Action, actionsTable, deliveryLink } from './actions.ts'
import { type Call, fieldsOf, given, noteOf } from './env.ts'
import { act, type Content, field, found, frame, hidden, list, moment, noteField, table } from './html.ts'
import { type Payment, paymentsTable, type Subscription, subscriptionsTable } from './paid.ts'
import { verdictOf, waitsFor } from './shown.ts'

interface User {
  id: string
  email: string | null
  stripe_customer_id: string | null
  created_at: string
  closed_at: string | null
  banned_at: string | null
  erasure_asked_at: string | null
}

type LookedUp = Explanation & {
  user: User | null
  payments: Payment[]
  subscriptions: Subscription[]
  actions: Action[]
}

/** The most ledger entries of a page. */
const MOST = 100

/** Returns the id that the query asks about. @throws WrongQuery if it names none */
function asked(c: Context): string {
  const id = given(c.req.query('id'))
  if (id === null) throw new WrongQuery({ id: ['is required'] })
  return id
}

/** Returns all that is known of a user, a payment, an event or a reference. @throws WrongQuery, DatabaseUnavailable */
export async function readLookUp(c: Context, id = asked(c)): Promise<LookedUp | { refused: string }> {
  const { before: before_id } = readQuery(c, { before: position })
  const facts = { id, before_id, page_size: MOST }
  return await call(connect(settingsOf(c.env)), 'look_up', [facts])
}

/** Shows what is known of an id. @throws WrongQuery, DatabaseUnavailable */
export async function lookUp(c: Call, id = asked(c), says?: Content) {
  const known = await readLookUp(c, id)
  if ('refused' in known) return frame(c, 'Nothing found', `Nothing is known about ${id}.`, says)
  const { about, user, event, payments, subscriptions } = known
  return frame(
    c,
    `${about} ${id}`,
    [
      list({
        User: about !== 'user' && found(known.user_id),
        Email: user?.email,
        'Balance, credits': known.balance,
        'Sum of these entries, credits':
          about !== 'user' &&
          (known.sum === null ? `Not shown: more than ${MOST_SUMMED} entries` : String(known.sum)),
        'Stripe customer': found(user?.stripe_customer_id ?? null),
        'Here since (UTC)': moment(user?.created_at),
        'Deleted (UTC)': moment(user?.closed_at),
        'Banned (UTC)': moment(user?.banned_at),
        'Erasure requested (UTC)': moment(user?.erasure_asked_at),
        Event: event && [deliveryLink(event.provider, event.event), ' ', outcomeInWords(event)],
      }),
      table(
        'Waiting deliveries',
        ['Received (UTC)', 'Event', 'Outcome', 'Waits for'],
        known.waiting.map((one) => [
          moment(one.received_at),
          [`${one.provider} ${one.type ?? '(no type)'} `, deliveryLink(one.provider, one.event)],
          verdictOf(one),
          waitsFor(one),
        ]),
      ),
      entriesTable(known.entries.toReversed()),
      known.next !== null &&
        html`<p><a href="?id=${encodeURIComponent(id)}&before=${known.next}">Older entries</a>`,
      paymentsTable(payments),
      subscriptionsTable(subscriptions),
      about === 'user' && user && adjustForm(id),
      actionsTable(known.actions),
    ],
    says,
  )
}

export const entriesTable = (entries: ExplainedEntry[]): Content =>
  table(
    'Ledger entries',
    ['When (UTC)', 'Credits', 'Balance', 'What', 'By'],
    entries.map((entry) => [
      moment(entry.created_at),
      entry.amount > 0 ? `+${entry.amount}` : entry.amount,
      entry.balance_after,
      inWords(entry),
      entry.delivery ? deliveryLink(entry.delivery.provider, entry.delivery.event) : entry.caller,
    ]),
  )

/** Returns a form with a key of its own, so that it adjusts only once even if it is sent twice. */
const adjustForm = (user: string): Content => [
  html`<h2>Adjust</h2>`,
  act('/ops/adjust', 'Adjust the balance', [
    hidden('user_id', user),
    hidden('key', crypto.randomUUID()),
    field(
      'Credits, such as 50 or -50',
      'amount',
      '',
      html`required inputmode="numeric" pattern="[+\\-]?[0-9]{1,13}" title="A whole number"`,
    ),
    noteField('Note, which the user’s wallet shows'),
  ]),
]

const REFUSED: Record<string, string> = {
  unknown_user: 'There is no wallet of this user.',
  idempotency_key_reused: 'This form has made another adjustment before: nothing was changed.',
  limit_exceeded: 'The balance would be larger than 2^53: nothing was changed.',
  missing_note: 'A note is required: nothing was changed.',
  missing_key: 'Nothing was changed: load the form again.',
}

/** Adjusts a user's balance, up or down. @throws DatabaseUnavailable */
export async function adjust(c: Call) {
  const fields = await fieldsOf(c)
  const { user_id, amount, key } = fields
  const note = noteOf(fields)
  const id = given(user_id) ?? ''
  const credits = /^[-+]?\d{1,13}$/.test(String(amount)) ? Number(amount) : 0
  if (credits === 0) return await lookUp(c, id, 'A number of credits is required: nothing was changed.')
  if (Math.abs(credits) > MAX_CREDITS)
    return await lookUp(c, id, `At most ${MAX_CREDITS} credits: nothing was changed.`)
  const facts = { user_id: id, amount: credits, idempotency_key: idOf(key), note }
  const adjusted = await call<{ balance: number; is_new: boolean; refused?: string }>(
    tellingAfter(c, settingsOf(c.env)),
    'adjust_for_operator',
    [{ operator: c.get('operator'), ...facts }],
  )
  const { refused, is_new, balance } = adjusted
  const done = is_new ? 'Adjusted' : 'This form had adjusted it already'
  return await lookUp(
    c,
    id,
    refused ? (REFUSED[refused] ?? refused) : `${done}. Balance after it: ${balance} credits.`,
  )
}
