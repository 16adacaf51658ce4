import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { Misconfigured } from '../../src/settings/misconfigured.ts'
import { membersOf } from '../../src/settings/sold.ts'
import { settingsOf } from '../../src/settings.ts'
import { blind, type Check, fail, few, pass, warn } from './check.ts'

const PLACEHOLDER = /^<.*>$/

const valid: Check = {
  group: 'settings',
  name: 'settings-valid',
  costs: 'the Worker accepts nothing: every webhook gets 500 misconfigured',
  run({ given, isLocal }) {
    const refused = refusedOf(given).filter((reason) => !reason.endsWith('is still a placeholder'))
    if (refused.length === 0) return pass('the Worker takes every setting that is given here')
    const where = isLocal ? 'in .dev.vars; `npm run dev` writes what is missing' : 'here and at the Worker'
    return fail(refused.join('; '), `correct them ${where}: docs/settings.md`)
  },
}

function refusedOf(given: Record<string, string>): string[] {
  try {
    // A copy, because `settingsOf` caches its result for each object.
    settingsOf({ ...given })
    return []
  } catch (error) {
    if (error instanceof Misconfigured) return error.reasons
    throw error
  }
}

const placeholders: Check = {
  group: 'settings',
  name: 'settings-placeholders',
  costs: 'the Worker refuses a placeholder, and with it every webhook',
  run({ given }) {
    const names = Object.keys(given).filter((name) => PLACEHOLDER.test(given[name] ?? ''))
    if (names.length === 0) return pass('no setting is a placeholder')
    return fail(`still placeholders: ${few(names)}`, 'replace them, or leave out those that are optional')
  },
}

/** The price in wrangler.toml, the documents and the demos. */
const EXAMPLE_PRICE = 'price_pro_monthly'
const isExamplePack = (name: string, { credits, amount }: { credits: number; amount?: unknown }) =>
  name === 'starter' && credits === 500 && amount === 500

const examples: Check = {
  group: 'settings',
  name: 'settings-examples',
  costs: 'your customers are sold what an example says',
  run({ settings: { PLANS = {}, CREDIT_PACKS = {} }, isLocal }) {
    if (isLocal) return pass('examples are welcome on this machine')
    const packs = Object.entries(CREDIT_PACKS).filter(([name, pack]) => isExamplePack(name, pack))
    const sold = [
      ...Object.keys(PLANS).filter((price) => price === EXAMPLE_PRICE),
      ...packs.map(([name]) => name),
    ]
    if (sold.length === 0) return pass('nothing that is sold is an example')
    return fail(`shipped examples are sold: ${sold.join(', ')}`, 'put your own into PLANS and CREDIT_PACKS')
  },
}

const members: Check = {
  group: 'settings',
  name: 'settings-members',
  costs: 'nothing reads a misspelt member: a plan without `credits` grants none',
  run({ given }) {
    const unread = (['PLANS', 'CREDIT_PACKS'] as const).flatMap((name) => {
      const known = membersOf[name]()
      return Object.entries(readable(given[name])).flatMap(([key, sold]) =>
        Object.keys(sold)
          .filter((member) => !known.includes(member))
          .map((member) => `${member} of ${key} in ${name}`),
      )
    })
    if (unread.length === 0)
      return pass('every member of PLANS and CREDIT_PACKS is one that the Worker reads')
    return warn(`nothing reads ${few(unread)}`, 'correct its name, or remove it: docs/settings.md')
  },
}

const free: Check = {
  group: 'settings',
  name: 'settings-free-packs',
  costs: 'every user can take a pack of amount 0 again and again, without a limit',
  run({ settings: { CREDIT_PACKS = {} } }) {
    const packs = Object.entries<{ amount?: unknown }>(CREDIT_PACKS).filter(([, { amount }]) => amount === 0)
    if (packs.length === 0) return pass('every pack of CREDIT_PACKS costs something')
    const names = packs.map(([name]) => name)
    return warn(
      `packs that cost nothing: ${few(names)}`,
      'give them an amount; POST /api/wallet/grant gives credits away once',
    )
  },
}

/**
 * Parses JSON objects by name, as in PLANS. Returns an empty object for any other form, which `settings-valid` reports.
 */
function readable(text = '{}'): Record<string, object> {
  try {
    return Object.fromEntries(
      Object.entries(JSON.parse(text || '{}')).filter(
        (entry): entry is [string, object] => typeof entry[1] === 'object' && entry[1] !== null,
      ),
    )
  } catch {
    return {}
  }
}

/** The shortest token that nobody can guess, even in hexadecimal digits: 96 bits. */
const SHORTEST_TOKEN = 24

const tokens: Check = {
  group: 'settings',
  name: 'settings-tokens',
  costs: 'whoever guesses a token reads payments and addresses, and adjusts balances or spends credits',
  run({ given, settings }) {
    const { OPS_TOKEN, SERVICE_TOKEN } = settings
    const all = { OPS_TOKEN, SERVICE_TOKEN }
    if (Object.entries(all).some(([name, read]) => given[name] && !read))
      return blind('cannot be looked at while the Worker refuses a token', 'see settings-valid')
    const short = Object.entries(all).flatMap(([setting, read = []]) =>
      read
        .filter(({ token }) => token.length < SHORTEST_TOKEN)
        .map(({ name, token }) => `${setting}${name ? ` of ${name}` : ''} has ${token.length} characters`),
    )
    if (short.length === 0) return pass(`every token has ${SHORTEST_TOKEN} characters or more`)
    return fail(
      `tokens that can be guessed: ${few(short)}`,
      'replace it by one of `openssl rand -hex 32`: nothing slows down guesses at the API',
    )
  },
}

const secretsInGit: Check = {
  group: 'settings',
  name: 'settings-in-git',
  costs: 'whoever can read the repository can forge payments',
  async run({ checkout: { dir } }) {
    const git = (...args: string[]) =>
      promisify(execFile)('git', ['-C', dir, ...args]).then(
        ({ stdout }) => stdout.trim(),
        () => undefined,
      )
    if ((await git('rev-parse', '--is-inside-work-tree')) === undefined)
      return pass('this is no Git checkout: nothing can be committed')
    if (await git('ls-files', '--', '.dev.vars'))
      return fail('.dev.vars is in Git', 'git rm --cached .dev.vars, and replace every secret that it had')
    if (await git('log', '--all', '--max-count=1', '--format=%h', '--', '.dev.vars'))
      return warn('.dev.vars was in Git once', 'replace every secret that it had')
    return pass('.dev.vars has never been in Git')
  },
}

export const settingsChecks = [valid, placeholders, examples, members, free, tokens, secretsInGit]
