import { runCommand } from './shared/command.ts'
import { databaseUrl } from './shared/configured.ts'
import { callFunction, hostOf } from './shared/database.ts'
import { LocalError } from './shared/errors.ts'
import { readFlags, requiredText } from './shared/flags.ts'

const HELP = `
npm run adjust -- <user id> <credits> --note TEXT --key KEY     give a user credits, or take some, as a ledger entry of its own

  --note TEXT          why: \`npm run explain\` and the user's wallet show it. No personal data
  --key KEY            your name for this adjustment, a ticket's for instance: it happens once, however often you say so
  --json               the result as JSON
  --pg-port 25432      the local Postgres, where DATABASE_URL is not set

examples
  npm run adjust -- user_ada 50 --note 'Sorry for the outage' --key ticket-17
  npm run adjust -- user_ada -50 --note 'Given twice' --key ticket-18
`

const MAX_CREDITS = 10 ** 12

const REFUSALS: Record<string, string> = {
  unknown_user: 'there is no wallet of this user',
  idempotency_key_reused: 'this --key has made another adjustment: nothing is changed',
  limit_exceeded: 'the balance would be beyond 2^53: nothing is changed',
}

await runCommand(async () => {
  const text = { type: 'string' } as const
  // A negative amount looks like a flag: what stands behind `--` is taken as it is.
  const [flags, given] = split(process.argv.slice(2))
  const { values, positionals } = readFlags(
    HELP,
    { note: text, key: text, json: { type: 'boolean' }, 'pg-port': text },
    { args: flags, allowPositionals: true },
  )
  const [user_id, amountText, ...rest] = [...positionals, ...given]
  if (!user_id || !amountText || rest.length > 0)
    throw new LocalError('name a user and an amount; --help says more')
  const facts = {
    user_id,
    amount: readAmount(amountText),
    note: requiredText(values.note, '--note', 'says why'),
    idempotency_key: requiredText(values.key, '--key', 'makes it happen once'),
  }
  const url = await databaseUrl(values['pg-port'])
  const host = hostOf(url)
  const result = await callFunction<{ balance: number } | { refused: string }>(url, 'adjust', facts)
  if ('refused' in result) throw new LocalError(`${host}: ${REFUSALS[result.refused] ?? result.refused}`)
  if (values.json) return console.log(JSON.stringify({ host, user_id, ...result }, null, 2))
  console.log(`${host}: the balance of ${user_id} was ${result.balance} right after it`)
})

/** Amounts apart from everything else. */
function split(args: string[]): [string[], string[]] {
  const at = args.findIndex((arg, i) => /^[-+]\d+$/.test(arg) && !args[i - 1]?.startsWith('--'))
  return at === -1 ? [args, []] : [args.toSpliced(at, 1), [args[at] ?? '']]
}

function readAmount(text: string): number {
  const amount = /^[-+]?\d{1,13}$/.test(text) ? Number(text) : 0
  if (amount !== 0 && Math.abs(amount) <= MAX_CREDITS) return amount
  throw new LocalError(`an amount is a whole number of credits, such as 50 or -50, not '${text}'`)
}
