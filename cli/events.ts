import { runCommand } from './shared/command.ts'
import { databaseUrl } from './shared/configured.ts'
import { counted } from './shared/counted.ts'
import { callFunction, hostOf } from './shared/database.ts'
import { LocalError } from './shared/errors.ts'
import { readFlags } from './shared/flags.ts'

const HELP = `
npm run events -- [flags]               the events that were given up, because your app did not accept them, oldest first
npm run events -- --resend <event id>   sends one again: its id, sequence and body stay the same
npm run events -- --resend all          sends up to 1000 of them again, each within two minutes, in order for each user

Exits with 1 while there is one. docs/outgoing-events.md says when an event is given up; until then it is retried
automatically.

  --json               the result as JSON
  --pg-port 25432      the local Postgres, where DATABASE_URL is not set
`

const MOST_SHOWN = 100
const MOST_RESENT = 1_000

/** An event that the receiver did not accept. */
interface Undelivered {
  id: string
  type: string
  user_id: string | null
  sequence: number
  created_at: string
  tries: number
  /** The status of the receiver's last response. Null if there was none. */
  status: number | null
}

await runCommand(async () => {
  const text = { type: 'string' } as const
  const { values } = readFlags(HELP, { resend: text, json: { type: 'boolean' }, 'pg-port': text } as const)
  const url = await databaseUrl(values['pg-port'])
  const host = hostOf(url)
  if (values.resend === undefined) return await list(url, host, values.json ?? false)

  const facts = { ids: values.resend === 'all' ? null : [values.resend], most: MOST_RESENT }
  const { resent } = await callFunction<{ resent: number }>(url, 'resend_events', facts)
  if (resent === 0 && values.resend !== 'all')
    throw new LocalError(`${host}: there is no such event to send again`)
  const says = resent === 0 ? 'there is nothing to send again' : `sent again within two minutes: ${resent}`
  console.log(values.json ? JSON.stringify({ host, resent }) : `${host}: ${says}`)
})

async function list(url: string, host: string, json: boolean): Promise<void> {
  const events = await callFunction<Undelivered[]>(url, 'undelivered_events', { most: MOST_SHOWN })
  if (json) console.log(JSON.stringify({ host, events }, null, 2))
  else console.log([`${host}: ${inWords(events.length)}`, ...events.map(line)].join('\n'))
  if (events.length > 0) process.exitCode = 1
}

function inWords(number: number): string {
  return number === 0
    ? 'no event was given up; an event that your app has not accepted yet is retried automatically'
    : `events that were given up, because your app did not accept them: ${number}`
}

function line({ id, type, user_id, sequence, created_at, tries, status }: Undelivered): string {
  const why = status === null ? 'nothing came back' : `the last response was ${status}`
  return `  ${created_at.slice(0, 19).replace('T', ' ')}  ${id}  ${type}  ${user_id ?? '-'} #${sequence}  after ${counted(tries, 'try', 'tries')}, ${why}`
}
