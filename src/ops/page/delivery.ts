import type { Context } from 'hono'
import { html } from 'hono/html'
import { call, connect } from '../../db.ts'
import { tellingAfter } from '../../outgoing/after.ts'
import { providers } from '../../providers.ts'
import { type Settings, settingsOf } from '../../settings.ts'
import { isLiveKey } from '../../stripe/key.ts'
import type { Stored } from '../../webhook/due.ts'
import { lookAgain } from '../../webhook/release.ts'
import { type ExplainedEntry, outcomeInWords, type ShownDelivery } from '../explain.ts'
import { type Action, actionsTable } from './actions.ts'
import { type Call, fieldsOf, noteOf } from './env.ts'
import {
  act,
  type Content,
  found,
  frame,
  hidden,
  list,
  moment,
  noteField,
  optionalNote,
  whatActionsDo,
} from './html.ts'
import { entriesTable } from './look-up.ts'
import { meaning, verdictOf, waitsFor } from './shown.ts'

interface Shown {
  delivery: ShownDelivery
  has_payload: boolean
  entries: ExplainedEntry[]
  actions: Action[]
}

const named = (c: Context) => ({
  provider: c.req.param('provider') ?? '',
  event_id: c.req.param('event') ?? '',
})

/** Returns what is stored of one delivery. @throws DatabaseUnavailable */
export const readDelivery = (c: Context): Promise<Shown | { refused: string }> =>
  call(connect(settingsOf(c.env)), 'show_delivery', [named(c)])

/** Shows what became of one delivery. @param says the result of an action @throws DatabaseUnavailable */
export async function delivery(c: Call, says?: Content, payload?: Content) {
  const settings = settingsOf(c.env)
  const shown = await readDelivery(c)
  if ('refused' in shown) return await c.notFound()
  const { delivery: one, has_payload, entries, actions } = shown
  const to = `/ops/deliveries/${one.provider}/${encodeURIComponent(one.event)}`
  return frame(
    c,
    `${one.provider} ${one.type ?? 'event'}`,
    [
      list({
        Event: html`${one.event} (${atProvider(one, settings)})`,
        Outcome: outcomeInWords(one),
        Meaning: meaning(one.outcome, one.reason),
        'Waits for': waitsFor(one),
        User: found(one.user_id),
        About: one.about?.map((id) => [found(id), ' ']),
        Effect: one.verb,
        'Error of Postgres': one.sqlstate,
        Attempts: one.attempts,
        'Occurred (UTC)': moment(one.occurred_at),
        'Received (UTC)': moment(one.received_at),
        'Decided (UTC)': moment(one.settled_at),
      }),
      entriesTable(entries),
      html`<h2>Act</h2>`,
      !one.is_final && [
        whatActionsDo(),
        act(to, 'Look again', [hidden('do', 'look_again'), optionalNote()]),
        act(to, 'Settle by hand', [hidden('do', 'settle'), noteField()]),
      ],
      has_payload
        ? act(to, 'Show the payload', [
            hidden('do', 'payload'),
            'The payload may contain personal data. Each reading is recorded.',
          ])
        : html`<p>Its payload is not stored.`,
      payload,
      actionsTable(actions),
    ],
    says,
  )
}

/**
 * Returns a link to where the provider shows its deliveries. A local stand-in has a page of its own instead of a
 * dashboard.
 */
function atProvider({ provider, event }: ShownDelivery, settings: Settings): Content {
  const isStripe = provider === 'stripe'
  const local = isStripe ? settings.STRIPE_API_BASE : settings.CLERK_API_BASE
  if (local) return html`<a href="${local}">the local ${isStripe ? 'Stripe' : 'Clerk'}</a>`
  const dashboard = isStripe
    ? `https://dashboard.stripe.com/${isLiveKey(settings) ? '' : 'test/'}events/${event}`
    : 'https://dashboard.clerk.com/last-active?path=webhooks'
  return html`<a href="${dashboard}" rel="noreferrer">open in the dashboard</a>`
}

const REFUSED: Record<string, string> = {
  not_found: 'This delivery is not stored.',
  already_final: 'Its outcome is final: nothing was changed.',
  no_payload: 'It cannot be looked at again: neither its effect nor its payload is stored.',
  is_applied: 'It has had its effect, or needs none: nothing was changed.',
  missing_note: 'A note is required: nothing was changed.',
}
export const refusal = (why: string) => REFUSED[why] ?? why

/** Performs the action on one delivery that `do` names. @throws DatabaseUnavailable */
export async function actOnDelivery(c: Call) {
  const fields = await fieldsOf(c)
  const settings = settingsOf(c.env)
  const db = tellingAfter(c, settings)
  const who = { operator: c.get('operator'), ...named(c) }
  const note = noteOf(fields)
  if (fields.do === 'payload') {
    const shown = await call<{ payload: string | null; refused?: string }>(db, 'show_payload', [who])
    return await delivery(c, shown.refused && refusal(shown.refused), payloadOf(shown.payload ?? ''))
  }
  if (fields.do === 'settle') {
    const settled = await call<{ subjects: string[]; refused?: string }>(db, 'settle_for_operator', [
      { ...who, note },
    ])
    const also = (settled.subjects ?? []).map((subject) => ` ${subject.replace(':', ' ')}`).join()
    return await delivery(
      c,
      settled.refused ? refusal(settled.refused) : `Settled${also && `, and with it${also}`}.`,
    )
  }
  const stored = await call<Stored & { refused?: string }>(db, 'take_for_operator', [{ ...who, note }])
  if (stored.refused) return await delivery(c, refusal(stored.refused))
  const committed = await lookAgain(providers, stored, settings, db)
  return await delivery(
    c,
    committed
      ? `Looked again: ${verdictOf(committed)}.`
      : 'Looked again: unchanged, as its provider says nothing new about it.',
  )
}

/** Shows a payload. One that nests deeply is not indented, because that would take much room. */
function payloadOf(text: string): Content {
  let [depth, deepest] = [0, 0]
  for (const [brace] of text.matchAll(/[[{\]}]/g)) {
    depth += '[{'.includes(brace) ? 1 : -1
    deepest = Math.max(deepest, depth)
  }
  return html`<h2>Payload</h2><pre tabindex="0">${deepest > 50 || text === '' ? text : JSON.stringify(JSON.parse(text), null, 2)}</pre>`
}
