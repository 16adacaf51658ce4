import { styleText } from 'node:util'
import {
  type ExplainedDelivery,
  type ExplainedEntry,
  type Explanation,
  inWords,
  outcomeInWords,
} from '../src/ops/explain.ts'
import { runCommand } from './command.ts'
import { callFunction, databaseUrl } from './database.ts'
import { LocalError } from './errors.ts'
import { readFlags } from './flags.ts'

const HELP = `
npm run explain -- <user id | payment id | event id> [flags]     why a balance is what it is, in plain words

Each ledger entry with the delivery that caused it and its outcome, what is parked or rejected, and the sum. A payment is
found by its PaymentIntent, charge, Checkout Session or invoice, or by a refund or dispute of it.

  --json               all that is known, as JSON
  --pg-port 54320      the local Postgres, where DATABASE_URL is not set

In production: DATABASE_URL=…, or GET /api/ops/explain/<id> with OPS_TOKEN.
`

await runCommand(async () => {
  const options = { 'pg-port': { type: 'string' }, json: { type: 'boolean' } } as const
  const { values, positionals } = readFlags(HELP, options, { allowPositionals: true })
  const [id, ...rest] = positionals
  if (!id || rest.length > 0) throw new LocalError('name one user, payment or event; --help says more')
  const url = await databaseUrl(values['pg-port'])
  const answer = await callFunction<Explanation | { refused: string }>(url, 'explain', { id })
  if ('refused' in answer) throw new LocalError(`nothing is known of ${id}`)
  console.log(values.json ? JSON.stringify(answer, null, 2) : inLines(answer).join('\n'))
})

function inLines({ about, id, user_id, event, entries, sum, balance, waiting }: Explanation): string[] {
  const whose = about === 'user' ? id : `${id}${user_id ? `, of ${user_id}` : ', of nobody who is known'}`
  return [
    styleText('bold', whose),
    ...(event ? [`  ${told(event)}`] : []),
    '',
    ...entries.flatMap(entryLines),
    ...(entries.length === 0 ? ['  no ledger entry'] : []),
    '',
    `  sum ${sum}${balance === null ? '' : `, balance of ${user_id} ${balance}`}`,
    ...(waiting.length > 0 ? ['', styleText('bold', 'parked, rejected or given up')] : []),
    ...waiting.map((delivery) => `  ${told(delivery)}`),
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

function moment(text: string): string {
  return text.slice(0, 19).replace('T', ' ')
}
