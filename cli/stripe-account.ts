import type { Served } from '../src/users/stripe-account.ts'
import { runCommand } from './shared/command.ts'
import { databaseUrl } from './shared/configured.ts'
import { callFunction, hostOf } from './shared/database.ts'
import { LocalError } from './shared/errors.ts'
import { readFlags } from './shared/flags.ts'
import { modeOf } from './shared/mode.ts'

const HELP = `
npm run stripe-account                          which Stripe account and mode this database serves
npm run stripe-account -- acct_1Pq --live       from now on it serves this one, in live mode
npm run stripe-account -- acct_1Pq --test       the same in test mode

The first key sets it, and a live key takes over from test mode. Anything else only you can say, with this command:
with a key of another account or mode, Checkout and the portal return 500 misconfigured for customers it does not have.

  --json               the result as JSON
  --pg-port 25432      the local Postgres, where DATABASE_URL is not set
`

await runCommand(async () => {
  const flag = { type: 'boolean' } as const
  const options = { live: flag, test: flag, json: flag, 'pg-port': { type: 'string' } } as const
  const { values, positionals } = readFlags(HELP, options, { allowPositionals: true })
  const [account, ...rest] = positionals
  const isChange = account !== undefined || values.live === true || values.test === true
  if (rest.length > 0 || (isChange && !/^acct_\w+$/.test(account ?? '')))
    throw new LocalError('name one account, acct_…; --help says more')
  if (isChange && values.live === values.test) throw new LocalError('say --live or --test')

  const url = await databaseUrl(values['pg-port'])
  const host = hostOf(url)
  const served = isChange
    ? await callFunction<Served>(url, 'set_stripe_account', { account, livemode: values.live === true })
    : await callFunction<Served>(url, 'read_stripe_account', {})
  if (values.json) return console.log(JSON.stringify({ host, ...served }, null, 2))
  console.log(`${host}: ${inWords(served)}`)
})

function inWords({ account, livemode, since }: Served): string {
  if (livemode === null) return 'no key has been used with this database yet'
  const day = since?.slice(0, 10)
  return `serves ${modeOf(livemode)} mode of ${account ?? 'an account that is not known yet'}, since ${day}`
}
