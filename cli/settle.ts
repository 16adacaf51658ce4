import { runCommand } from './shared/command.ts'
import { databaseUrl } from './shared/configured.ts'
import { callFunction, hostOf } from './shared/database.ts'
import { LocalError } from './shared/errors.ts'
import { readFlags, requiredText } from './shared/flags.ts'

const HELP = `
npm run settle -- <event id> --note TEXT     close a parked or rejected delivery that you have corrected by hand

What it is about is closed with it: no resend, no other event and no success page credits, grants or reverses it again.

  --note TEXT          why, and what you did instead. No personal data
  --json               the result as JSON
  --pg-port 25432      the local Postgres, where DATABASE_URL is not set

example
  npm run settle -- evt_1Pq --note 'Corrected by adjust, ticket 17'
`

const REFUSALS: Record<string, string> = {
  not_found: 'no delivery of this event is stored',
  already_final: 'it was settled by hand already: nothing is changed',
  is_applied: 'it has had its effect, or needs none: nothing is changed. `npm run adjust` corrects a balance',
  missing_note: '--note is missing: it says why',
}

await runCommand(async () => {
  const text = { type: 'string' } as const
  const options = { note: text, json: { type: 'boolean' }, 'pg-port': text } as const
  const { values, positionals } = readFlags(HELP, options, { allowPositionals: true })
  const [event_id, ...rest] = positionals
  if (!event_id || rest.length > 0) throw new LocalError('name one event; --help says more')
  const note = requiredText(values.note, '--note', 'says why')

  const url = await databaseUrl(values['pg-port'])
  const host = hostOf(url)
  const result = await callFunction<{ settled: true; subjects: string[] } | { refused: string }>(
    url,
    'settle_event',
    { event_id, note },
  )
  if ('refused' in result)
    throw new LocalError(`${host}: ${event_id}: ${REFUSALS[result.refused] ?? result.refused}`)
  if (values.json) return console.log(JSON.stringify({ host, event_id, ...result }, null, 2))
  console.log(
    `${host}: ${event_id} is settled, and with it ${result.subjects.map((subject) => subject.replace(':', ' ')).join(', ') || 'nothing else'}`,
  )
})
