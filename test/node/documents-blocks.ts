import { documents, read } from './house/sources.ts'

export interface Block {
  path: string
  /** The line on which it begins. */
  line: number
  language: string
  code: string
}

/**
 * Every block of code in README and docs that names its language, in the order of the pages, including those inside
 * lists.
 */
export const blocks: Block[] = documents.flatMap((path) => {
  const text = read(path)
  return [...text.matchAll(/^( *)```(\w+)\n(.*?)^ *```$/gms)].map(
    ({ 1: indent, 2: language, 3: code, index }) => ({
      path,
      line: text.slice(0, index).split('\n').length,
      language: language ?? '',
      code: (code ?? '').replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
    }),
  )
})

/** The commands of a shell block: a `\` at its end, or a quote that is open, continues a line. Comments are left out. */
export function commandsOf({ code }: Block): string[] {
  const commands: string[] = []
  let open = ''
  for (const line of code.split('\n')) {
    open += open ? `\n${line}` : line
    if (/\\$/.test(line) || isQuoteOpen(open)) continue
    if (!/^\s*(#|$)/.test(open)) commands.push(open)
    open = ''
  }
  if (open) throw new Error(`a command does not end: ${open}`)
  return commands
}

function isQuoteOpen(text: string): boolean {
  let quote = ''
  let previous = ' '
  for (const character of text.replaceAll('\\\n', '  ')) {
    if (quote === '' && character === '#' && /\s/.test(previous)) return false
    if (quote === '' && /['"]/.test(character)) quote = character
    else if (quote === character && previous !== '\\') quote = ''
    previous = character
  }
  return quote !== ''
}

/** Why a block, or one of its commands, does not run in the tests: the page, its first words, and the reason. */
export type Excuse = readonly [path: string, start: string, why: string]

const GATE = 'the gate runs it: .ci/run'
const CLOUD = 'needs an account at Cloudflare'

/** Commands of shell blocks that cannot run on this machine, or would change more than a test's database. */
export const NOT_HERE: readonly Excuse[] = [
  ['README.md', 'npm ci && npm run demo', GATE],
  ['README.md', 'npm test', GATE],
  ['docs/api.md', 'npm install github:<you>', 'needs a repository of yours'],
  ['docs/doctor.md', 'npm run doctor -- --url https://ledgerhook.example.com --fix', CLOUD],
  ['docs/house.md', 'npm run generate -- --name', 'writes a migration into the checkout'],
  ['docs/house.md', 'npm run generate -- --custom', 'writes a migration into the checkout'],
  ['docs/house.md', 'npm test', GATE],
  ['docs/house.md', 'npm run check', GATE],
  ['docs/house.md', 'npm run format', 'writes into the checkout'],
  ['docs/house.md', 'npm run stamp', 'writes into the checkout; every run of the tests has done it'],
  ['docs/house.md', 'HISTORIES=5000', 'takes an hour; test/worker/convergence.test.ts plays fewer'],
  ['docs/local.md', 'npm ci', GATE],
  ['docs/local.md', 'npm run dev', 'runs until Ctrl-C: it is what these tests run in'],
  ['docs/local.md', 'npm run studio', 'opens a page, until Ctrl-C'],
  ['docs/local.md', 'npm run demo', 'test/node/demo.test.ts plays each story'],
  ['docs/local.md', 'stripe trigger', 'needs the Stripe CLI, and an account'],
  [
    'docs/moving-in.md',
    'npm run reconcile -- --only stripe --payments payments.csv',
    'needs payments from before CREDIT_SINCE; test/node/moving-in.test.ts has them',
  ],
  ['docs/operations.md', 'npm run alert-test', 'sends to a chat; test/node/alert-test.test.ts has one'],
  ['docs/operations.md', 'git checkout', 'changes the checkout'],
  ['docs/performance.md', 'npm ci', GATE],
  ['docs/performance.md', 'npm run bench', 'takes minutes; test/node/bench.test.ts runs it'],
  ['docs/production.md', 'npx wrangler', CLOUD],
  ['docs/production.md', 'npm run deploy', CLOUD],
  ['docs/production.md', 'npm run stripe-account -- acct_1Pq', 'moves the database to live mode'],
  ['docs/replay-check.md', 'npm run replay-check -- --base <commit or tag>', 'it needs an older version'],
  ['docs/spill.md', 'npx wrangler', CLOUD],
  ['docs/spill.md', 'npm run dev -- --spill', 'runs until Ctrl-C: it is what these tests run in'],
  ['docs/upgrading.md', 'git commit', 'changes the checkout'],
  ['docs/upgrading.md', 'git pull', 'changes the checkout'],
  ['docs/upgrading.md', 'npm ci', GATE],
  ['docs/upgrading.md', 'npm run deploy', CLOUD],
  ['docs/upgrading.md', 'git tag', 'publishes a release'],
]

/** Blocks of SQL and TypeScript that neither `documents-shell.test.ts` nor `documents-code.test.ts` runs. */
export const ELSEWHERE: readonly Excuse[] = [
  ['docs/database.md', 'create role billing_owner', 'test/node/database.test.ts'],
  ['docs/database.md', 'create role billing_worker', 'test/node/database.test.ts'],
  ['docs/database.md', 'create schema shop', 'test/node/database.test.ts'],
  ['docs/database.md', 'drop schema ledgerhook', 'test/node/database.test.ts'],
  ['docs/moving-out.md', 'create schema moved', 'test/node/moving-out.test.ts'],
  ['docs/moving-out.md', 'select (select count(*)', 'test/node/moving-out.test.ts'],
  ['docs/moving-out.md', 'select conrelid::regclass', 'test/node/moving-out.test.ts'],
  ['docs/moving-out.md', 'drop schema ledgerhook', 'test/node/moving-out.test.ts'],
  ['docs/operations.md', 'create role billing_worker_2', 'test/node/rotating.test.ts'],
  ['docs/operations.md', 'revoke all on database', 'test/node/rotating.test.ts'],
  ['docs/outgoing-events.md', "import { Hono } from 'hono'", 'test/node/receivers.test.ts'],
  ['docs/outgoing-events.md', "import { Webhook } from 'standardwebhooks'", 'test/node/receivers.test.ts'],
  ['docs/sql.md', '-- Stores which payment paid an invoice', 'an excerpt, with parts left out'],
  ['docs/events.md', 'await stripe.checkout.sessions.create', 'an excerpt, with parts left out'],
  ['docs/events.md', 'await stripe.paymentIntents.create', "Stripe's own library, with an account"],
]

/** Returns the entry of the list that matches a block or command. */
export const excuseOf = (list: readonly Excuse[], path: string, code: string) =>
  list.find((entry) => entry[0] === path && code.startsWith(entry[1]))
