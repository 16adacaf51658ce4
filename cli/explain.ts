import { styleText } from 'node:util'
import {
  type ExplainedDelivery,
  type ExplainedEntry,
  type Explanation,
  inWords,
  MOST_SUMMED,
  outcomeInWords,
  PAGE_SIZE,
  type ShownDelivery,
} from '../src/ops/explain.ts'
import { awaited, meaningOf } from '../src/ops/waits-for.ts'
import { runCommand } from './shared/command.ts'
import { databaseUrl } from './shared/configured.ts'
import { callFunction, hostOf } from './shared/database.ts'
import { LocalError } from './shared/errors.ts'
import { readFlags, wholeNumber } from './shared/flags.ts'

const HELP = `
npm run explain -- <user id | payment id | event id | reference> [flags]     why a balance is what it is

Each ledger entry with the delivery that caused it and its outcome; what is parked or rejected, why, and what it waits
for; and the sum. A payment is found by its PaymentIntent, charge, Checkout Session or invoice, or by a refund or dispute
of it. A spend, and what was given back of it, is found by its reference.

  --before N           older entries: the N that the page before has named
  --json               all that is known, as JSON
  --pg-port 25432      the local Postgres, where DATABASE_URL is not set

In production: DATABASE_URL=…, or GET /api/ops/explain/<id> with OPS_TOKEN.
`

await runCommand(async () => {
  const text = { type: 'string' } as const
  const options = { before: text, 'pg-port': text, json: { type: 'boolean' } } as const
  const { values, positionals } = readFlags(HELP, options, { allowPositionals: true })
  const [id, ...rest] = positionals
  if (!id || rest.length > 0)
    throw new LocalError('name one user, payment or event, or a reference; --help says more')
  const before_id = wholeNumber(values.before, '--before', 1, Number.MAX_SAFE_INTEGER) ?? null
  const url = await databaseUrl(values['pg-port'])
  const host = hostOf(url)
  const facts = { id, before_id, page_size: PAGE_SIZE }
  const result = await callFunction<Explanation | { refused: string }>(url, 'explain', facts)
  if ('refused' in result) throw new LocalError(`nothing is known of ${id} at ${host}`)
  console.log(values.json ? JSON.stringify({ host, ...result }, null, 2) : inLines(result, host).join('\n'))
})

function inLines(explanation: Explanation, host: string): string[] {
  const { about, id, user_id, event, entries, next, sum, balance, waiting } = explanation
  const whose = about === 'user' ? id : `${id}${user_id ? `, of ${user_id}` : ', of nobody who is known'}`
  return [
    `${styleText('bold', whose)}, at ${host}`,
    ...(event ? [`  ${told(event)}`, ...whatItWaitsFor(event), ...decidedBy(event)] : []),
    '',
    ...(next === null ? [] : [`  older entries: --before ${next}`]),
    ...entries.flatMap(entryLines),
    ...(entries.length === 0 ? ['  no ledger entry'] : []),
    '',
    `  sum ${sum ?? `not shown: more than ${MOST_SUMMED} entries`}${balance === null ? '' : `, balance of ${user_id} ${balance}`}`,
    ...(waiting.length > 0 ? ['', styleText('bold', 'parked, rejected or given up')] : []),
    ...waiting.flatMap((delivery) => [`  ${told(delivery)}`, ...whatItWaitsFor(delivery)]),
  ]
}

function entryLines(entry: ExplainedEntry): string[] {
  const amount = `${entry.amount > 0 ? '+' : ''}${entry.amount}`
  const line = `  ${moment(entry.created_at)}  ${amount.padStart(8)} → ${String(entry.balance_after).padEnd(8)}  ${inWords(entry)}`
  return [line, ...(entry.delivery ? [styleText('dim', `${' '.repeat(45)}by ${told(entry.delivery)}`)] : [])]
}

function told(delivery: ExplainedDelivery): string {
  const { provider, type, event, received_at } = delivery
  return `${provider} ${type ?? '(no type)'} ${event}: ${outcomeInWords(delivery)}, received ${moment(received_at)}`
}

/** Returns lines that say why a delivery has this outcome, and what would release it, as the page `/ops` says it. */
function whatItWaitsFor(delivery: ShownDelivery): string[] {
  const { outcome, reason, sqlstate } = delivery
  const subjects = awaited(delivery)
  const waits =
    typeof subjects === 'string'
      ? [subjects]
      : subjects.map(
          ({ kind, id, providedBy, retryAt }) =>
            `${kind} ${id}, which ${providedBy}${retryAt ? `, tried again at ${moment(retryAt)}` : ''}`,
        )
  const means = meaningOf(outcome, reason)?.replaceAll('`', '')
  return [
    ...(means ? [means] : []),
    ...(sqlstate ? [`error of Postgres: ${sqlstate}`] : []),
    ...waits.map((subject) => `waits for ${subject}`),
  ].map((line) => `      ${line}`)
}

/** Returns lines that name the build and the settings that decided the delivery, if they were recorded. */
function decidedBy({ build, settings_hash }: ExplainedDelivery): string[] {
  return build || settings_hash
    ? [styleText('dim', `  decided by build ${build ?? '?'} with settings ${settings_hash ?? '?'}`)]
    : []
}

function moment(text: string): string {
  return text.slice(0, 19).replace('T', ' ')
}
