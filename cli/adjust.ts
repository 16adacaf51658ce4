import { LONGEST_ID, LONGEST_NOTE, MAX_CREDITS } from '../src/limits.ts'
import { type Imported, importFile } from './adjust/import.ts'
import { runCommand } from './shared/command.ts'
import { databaseUrl } from './shared/configured.ts'
import { confirmElsewhere } from './shared/confirm.ts'
import { counted } from './shared/counted.ts'
import { callFunction, hostOf } from './shared/database.ts'
import { LocalError } from './shared/errors.ts'
import { eventsOf } from './shared/events.ts'
import { readFlags, requiredText } from './shared/flags.ts'

const HELP = `
npm run adjust -- <user id> <credits> --note TEXT --key KEY     give a user credits, or take some, as a ledger entry of its own
npm run adjust -- --file balances.csv                           the same for each line of a CSV file, once all of it is right

  --note TEXT          why: \`npm run explain\` and the user's wallet show it. No personal data, at most 500 characters
  --key KEY            your name for this adjustment, such as a ticket's: it is booked once, however often you run it
  --file FILE          a CSV file in UTF-8 whose first line is user_id,amount,key,note
  --target             with --file: each amount is the balance that the wallet should have; the difference is booked
  --sum N              with --file: what the amounts have to add up to; otherwise nothing is booked
  --dry-run            with --file: checks all of it and says what would be booked
  --yes                does not ask, where the database is not on this machine
  --json               the result as JSON
  --env NAME           whose EVENTS_URL and LOW_BALANCE of wrangler.toml count: production, but for a local database
  --pg-port 25432      the local Postgres, where DATABASE_URL is not set

examples
  npm run adjust -- user_ada 50 --note 'Sorry for the outage' --key ticket-17
  npm run adjust -- user_ada -50 --note 'Given twice' --key ticket-18
  npm run adjust -- --file balances.csv --target --sum 125000
`

const REFUSALS: Record<string, string> = {
  unknown_user: 'there is no wallet of this user',
  idempotency_key_reused: 'this key has made another adjustment: nothing is changed',
  limit_exceeded: 'the balance would be beyond 2^53: nothing is changed',
}

await runCommand(async () => {
  const [text, flag] = [{ type: 'string' }, { type: 'boolean' }] as const
  // A negative amount looks like a flag, so everything after `--` is taken literally.
  const [flags, given] = split(process.argv.slice(2))
  const { values, positionals } = readFlags(
    HELP,
    {
      note: text,
      key: text,
      yes: flag,
      json: flag,
      'pg-port': text,
      file: text,
      target: flag,
      sum: text,
      'dry-run': flag,
      env: text,
    },
    { args: flags, allowPositionals: true },
  )
  const [user_id, amountText, ...rest] = [...positionals, ...given]
  const { file, target, sum, 'dry-run': dryRun } = values
  if (file !== undefined) {
    if (user_id || values.note !== undefined || values.key !== undefined)
      throw new LocalError('--file goes with no user, amount, key or note: the lines of the file have them')
    const total = readSum(sum)
    const url = await databaseUrl(values['pg-port'])
    const host = hostOf(url)
    const events = eventsOf(url, values.env)
    const what = { file, toBalance: target ?? false, sum: total, onlyChecks: dryRun ?? false, events }
    if (!dryRun) await confirmElsewhere(url, `book the lines of ${file}`, values)
    const imported = await importFile(url, what, REFUSALS)
    if (imported.problems.length > 0) process.exitCode = 1
    const json = { host, dry_run: what.onlyChecks, ...imported }
    const said = values.json
      ? JSON.stringify(json, null, 2)
      : inLines(host, imported, what.onlyChecks).join('\n')
    console.log(said)
    return
  }
  if (target || sum !== undefined || dryRun)
    throw new LocalError('--target, --sum and --dry-run are for a --file; --help says more')
  if (!user_id || !amountText || rest.length > 0)
    throw new LocalError('name a user and an amount; --help says more')
  const facts = {
    user_id,
    amount: readAmount(amountText),
    note: requiredText(values.note, '--note', LONGEST_NOTE, 'says why'),
    idempotency_key: requiredText(
      values.key,
      '--key',
      LONGEST_ID,
      'names this adjustment, so that it is booked once however often the command runs',
    ),
    to_balance: false,
    only_checks: false,
  }
  const url = await databaseUrl(values['pg-port'])
  const host = hostOf(url)
  const events = eventsOf(url, values.env)
  await confirmElsewhere(url, `book ${counted(facts.amount, 'credit')} for ${user_id}`, values)
  const result = await callFunction<{ balance: number } | { refused: string }>(url, 'adjust', facts, events)
  if ('refused' in result) throw new LocalError(`${host}: ${REFUSALS[result.refused] ?? result.refused}`)
  const { balance } = result
  if (values.json) return console.log(JSON.stringify({ host, user_id, balance }, null, 2))
  console.log(`${host}: the balance of ${user_id} was ${balance} right after it`)
})

/** Returns the result of an import in words. */
function inLines(
  host: string,
  { lines, sum, problems, booked, credits, met }: Imported,
  isDry: boolean,
): string[] {
  if (problems.length > 0) {
    const listed = problems.map(({ line, why }) => (line === 0 ? why : `line ${line}: ${why}`))
    return [...listed, `${host}: ${problems.length} to correct: nothing is booked`]
  }
  const what = isDry ? 'would be booked' : 'booked now'
  const had = met > 0 ? `; ${met} had this balance` : ''
  const before = `${was(lines - booked - met)} booked before`
  return [
    `${host}: ${booked} ${what}, ${counted(credits, 'credit')}${had}; ${before}`,
    `${counted(lines, 'line')}, whose amounts add up to ${sum}`,
  ]
}

function was(count: number): string {
  return `${count} ${count === 1 ? 'was' : 'were'}`
}

/** An amount, or the sum of many. */
function readSum(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (/^[-+]?\d{1,15}$/.test(text)) return Number(text)
  throw new LocalError(`--sum takes a whole number of credits, not '${text}'`)
}

/** Splits the arguments into flags and amounts. */
function split(args: string[]): [string[], string[]] {
  const at = args.findIndex((arg, i) => /^[-+]\d+$/.test(arg) && !args[i - 1]?.startsWith('--'))
  return at === -1 ? [args, []] : [args.toSpliced(at, 1), [args[at] ?? '']]
}

function readAmount(text: string): number {
  const amount = /^[-+]?\d{1,13}$/.test(text) ? Number(text) : 0
  if (amount !== 0 && Math.abs(amount) <= MAX_CREDITS) return amount
  throw new LocalError(`an amount is a whole number of credits, such as 50 or -50, not '${text}'`)
}
