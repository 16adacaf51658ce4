import { LONGEST_NOTE } from '../src/limits.ts'
import { SETTLED_BY_HAND } from '../src/reconcile/words.ts'
import { runCommand } from './shared/command.ts'
import { databaseUrl } from './shared/configured.ts'
import { callFunction, hostOf } from './shared/database.ts'
import { LocalError } from './shared/errors.ts'
import { readFlags, requiredText } from './shared/flags.ts'

const HELP = `
npm run settle -- <event id> --note TEXT            close a parked or rejected delivery that you have corrected by hand
npm run settle -- --difference OBJECT --note TEXT   end a difference for a person that \`npm run reconcile\` lists

What a delivery is about is closed with it: no resend, no other event and no success page credits, grants or reverses it
again. A difference is no longer reported and does not count any more, until the object differs in another way.

  --difference OBJECT  the id of the object that differs, such as cs_… or pi_…
  --note TEXT          why, and what you did instead. No personal data, at most 500 characters
  --json               the result as JSON
  --pg-port 25432      the local Postgres, where DATABASE_URL is not set

examples
  npm run settle -- evt_1Pq --note 'Corrected by adjust, ticket 17'
  npm run settle -- --difference pi_3Q --note 'Sold by hand before, ticket 18'
`

const OF_DELIVERY: Record<string, string> = {
  not_found: 'no delivery of this event is stored',
  already_final: 'it was settled by hand already: nothing is changed',
  is_applied: 'it has had its effect, or needs none: nothing is changed. `npm run adjust` corrects a balance',
}

const OF_DIFFERENCE: Record<string, string> = {
  not_found:
    'no difference of this object is stored: the scheduled comparison stores them within a day, `npm run reconcile -- --fix` at once',
  already_final: 'it was settled by hand already: nothing is changed',
  is_fixable:
    'this is not a difference for a person. `npm run reconcile -- --fix` corrects it, or says what is in the way',
}

type Result = { settled: true; subjects?: string[]; kind?: string } | { refused: string }

await runCommand(async () => {
  const text = { type: 'string' } as const
  const options = { note: text, difference: text, json: { type: 'boolean' }, 'pg-port': text } as const
  const { values, positionals } = readFlags(HELP, options, { allowPositionals: true })
  const [event, ...rest] = positionals
  const { difference } = values
  const id = event ?? difference
  if (!id || rest.length > 0 || (event && difference !== undefined))
    throw new LocalError('name one event, or one object with --difference; --help says more')
  const note = requiredText(values.note, '--note', LONGEST_NOTE, 'says why')

  const url = await databaseUrl(values['pg-port'])
  const host = hostOf(url)
  const what = event ? { event_id: event } : { object: id }
  const result = event
    ? await callFunction<Result>(url, 'settle_event', { event_id: event, note })
    : await callFunction<Result>(url, 'settle_difference', { object: id, kinds: SETTLED_BY_HAND, note })
  const refusals = event ? OF_DELIVERY : OF_DIFFERENCE
  if ('refused' in result)
    throw new LocalError(`${host}: ${id}: ${refusals[result.refused] ?? result.refused}`)
  if (values.json) return console.log(JSON.stringify({ host, ...what, ...result }, null, 2))
  const also = (result.subjects ?? []).map((subject) => subject.replace(':', ' ')).join(', ')
  console.log(`${host}: ${id} is settled${event ? `, and with it ${also || 'nothing else'}` : ''}`)
})
