import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { beforeEach, describe, expect, it } from 'vitest'
import { projectDir } from '../../cli/shared/project.ts'
import { EXAMPLES, type Vars } from '../../local/dev-vars.ts'
import { settingsOf } from '../../src/settings.ts'
import { run, scratchDir } from './command.ts'

let dir: string

beforeEach(() => {
  dir = scratchDir()
  writeFileSync(
    join(dir, 'ensure.ts'),
    `import { ensureDevVars } from '${join(projectDir, 'local/dev-vars.ts')}'; console.log(await ensureDevVars())`,
  )
})

/** Returns what a command prints and then what it decides by. */
async function read(name: string, databaseUrl: string, environment?: string, env: Vars = {}) {
  const args = JSON.stringify([databaseUrl, environment].filter(Boolean))
  return await evaluated('commandEnvironment', `commandEnvironment(...${args}).${name}`, env)
}
/** Returns what `npm run reconcile` prints before it connects, and then the keys and addresses of its providers. */
async function providers(databaseUrl: string, env: Vars = {}) {
  const settings = `commandSettings('${databaseUrl}', { stripePort: 1, clerkPort: 2 })`
  const names = ['STRIPE_SECRET_KEY', 'STRIPE_API_BASE', 'CLERK_SECRET_KEY', 'CLERK_API_BASE']
  const lines = await evaluated('commandSettings', `JSON.stringify(${settings}, ${JSON.stringify(names)})`, {
    PLANS: '{}',
    CREDIT_PACKS: '{}',
    GRANT_LIMIT: '{"per_call":1,"per_user_day":1,"per_day":1}',
    CAMPAIGNS: '{}',
    ...env,
  })
  return lines.map((line) => (line.startsWith('{') ? (JSON.parse(line) as Vars) : line))
}
async function evaluated(name: string, expression: string, env: Vars) {
  writeFileSync(
    join(dir, 'read.ts'),
    `import { ${name} } from '${join(projectDir, 'cli/shared/settings.ts')}'
     try { console.log(${expression}) } catch ({ message }) { console.log(message) }`,
  )
  return (await run(join(dir, 'read.ts'), [], dir, env)).output.split('\n')
}
const HERE = 'postgres://local@127.0.0.1/local'
const ELSEWHERE = 'postgres://owner:long@db.example.com/ledger'

const ensure = async (env: Vars = {}) => (await run(join(dir, 'ensure.ts'), [], dir, env)).output
const file = () => join(dir, '.dev.vars')
const given = () => parseEnv(readFileSync(file(), 'utf8')) as Vars

describe('a .dev.vars that is a directory', () => {
  it.each([
    ['local/dev.ts', []],
    ['local/send.ts', ['clerk', 'user.created']],
    ['cli/explain.ts', ['user_ada']],
  ])('is one sentence of %s, with what to do', async (command, args) => {
    mkdirSync(file())
    expect(await run(command, args, dir)).toMatchObject({
      code: 1,
      output:
        '.dev.vars is a directory (Docker makes one if a file that it mounts does not exist): remove it',
    })
  })
})

describe('npm run dev', () => {
  it('fills in a copy of .dev.vars.example, says so, and does so once', async () => {
    const example = readFileSync(join(projectDir, '.dev.vars.example'), 'utf8')
    writeFileSync(file(), example)
    expect(await ensure()).toMatch(
      /^filled in .dev.vars, with secrets made for this machine alone: SERVICE_TOKEN, OPS_TOKEN, EVENTS_SECRET, STRIPE_SECRET_KEY, STRIPE_WEBHOOK_SECRET, CLERK_JWT_KEY, CLERK_WEBHOOK_SECRET, CLERK_SECRET_KEY; examples: CREDIT_PACKS, PLANS, GRANT_LIMIT, CAMPAIGNS$/,
    )
    const text = readFileSync(file(), 'utf8')
    expect(text).not.toMatch(/^\w+="?</m)
    expect(Object.keys(given())).toEqual(Object.keys({ ...parseEnv(example), ...EXAMPLES }).sort())
    expect(statSync(file()).mode & 0o777).toBe(0o600)
    settingsOf({ ...given(), DATABASE_URL: 'postgres://a:b@127.0.0.1/c' })
    expect(await ensure()).toBe('undefined')
    expect(readFileSync(file(), 'utf8')).toBe(text)
  })

  it('adds what a file lacks, and leaves what it has, comments and empty settings', async () => {
    const mine =
      '# mine\nSTRIPE_WEBHOOK_SECRET=whsec_mine\nexport OPS_TOKEN = <to be replaced>\nSERVICE_TOKEN='
    writeFileSync(file(), mine)
    expect(await ensure()).toMatch(
      /: OPS_TOKEN, EVENTS_SECRET, STRIPE_SECRET_KEY, CLERK_JWT_KEY, CLERK_WEBHOOK_SECRET, CLERK_SECRET_KEY;/,
    )
    const text = readFileSync(file(), 'utf8')
    expect(text).toMatch(/^# mine\nSTRIPE_WEBHOOK_SECRET=whsec_mine\nOPS_TOKEN="\w+"\nSERVICE_TOKEN=\n/)
  })

  it('writes the examples that it sells where a file of an older build has none, so that commands read the same', async () => {
    const plans = 'PLANS={"price_mine": {"key": "mine", "credits": 1}}\nGRANT_LIMIT=\n'
    await ensure()
    const secrets = readFileSync(file(), 'utf8').split('# Examples')[0]
    writeFileSync(file(), secrets + plans)
    expect(await ensure({ CAMPAIGNS: '{}' })).toBe('filled in .dev.vars, with examples: CREDIT_PACKS')
    expect(readFileSync(file(), 'utf8')).toContain(`${secrets}${plans}\n# Examples: what is sold`)
    expect(given()).toMatchObject({ CREDIT_PACKS: EXAMPLES.CREDIT_PACKS, GRANT_LIMIT: '' })
    expect(await ensure({ CAMPAIGNS: '{}' })).toBe('undefined')
    expect(await read('CREDIT_PACKS', HERE)).toEqual([EXAMPLES.CREDIT_PACKS])
  })

  it.each([
    [
      'keys of Stripe and Clerk',
      'STRIPE_SECRET_KEY=sk_test_theirs\nCLERK_JWT_KEY=theirs',
      {},
      'SERVICE_TOKEN, OPS_TOKEN, EVENTS_SECRET',
    ],
    [
      'them in the environment',
      '',
      { CLERK_JWT_KEY: 'theirs', STRIPE_WEBHOOK_SECRET: 'theirs', OPS_TOKEN: 'theirs' },
      'SERVICE_TOKEN, EVENTS_SECRET, STRIPE_SECRET_KEY',
    ],
  ])('makes up no secret that would not fit, where there are %s', async (_, text, env, names) => {
    writeFileSync(file(), text)
    expect(await ensure(env)).toMatch(new RegExp(`: ${names}; `))
    expect(existsSync(join(dir, '.local'))).toBe(false)
  })
})

describe('a command about a database that is elsewhere', () => {
  beforeEach(async () => void (await ensure()))

  it('decides by no example of npm run dev, whose plans are not those that are sold there, and says so', async () => {
    const unused = (names: string, environment = 'production') =>
      `not used from .dev.vars: ${names}. They come from the environment, or [env.${environment}.vars] of wrangler.toml`
    const all = Object.keys(EXAMPLES).sort().join(', ')
    expect(await read('PLANS', HERE)).toEqual([EXAMPLES.PLANS])
    expect(await read('PLANS', ELSEWHERE)).toEqual([unused(all), 'undefined'])
    expect(await read('PLANS', HERE, 'staging')).toEqual([unused(all, 'staging'), 'undefined'])
    const env = { PLANS: '{}' }
    expect(await read('PLANS', ELSEWHERE, undefined, env)).toEqual([unused(all.replace(', PLANS', '')), '{}'])
  })

  it('takes the secrets of .dev.vars, and all of it where the file names that database', async () => {
    expect((await read('OPS_TOKEN', ELSEWHERE)).at(-1)).toBe(given().OPS_TOKEN)
    const named = readFileSync(file(), 'utf8').replace('DATABASE_URL=""', `DATABASE_URL="${ELSEWHERE}"`)
    writeFileSync(file(), named)
    expect(await read('PLANS', ELSEWHERE)).toEqual([EXAMPLES.PLANS])
    expect((await read('PLANS', ELSEWHERE, 'staging')).at(-1)).toBe('undefined')
  })

  it('asks no provider of npm run dev about it, with the keys that npm run dev has made up', async () => {
    const theirs = { STRIPE_SECRET_KEY: 'sk_live_theirs' }
    const unused = (keys: string) =>
      `not used from .dev.vars: ${keys}. It is for the providers of npm run dev, and db.example.com is not on this machine`
    expect(await providers(ELSEWHERE, theirs)).toEqual([unused('CLERK_SECRET_KEY'), theirs])
    expect(await providers(ELSEWHERE)).toEqual([
      unused('STRIPE_SECRET_KEY, CLERK_SECRET_KEY').replace('It is', 'They are'),
      'misconfigured: STRIPE_SECRET_KEY: is missing: set it in the environment or in .dev.vars',
    ])
    const { STRIPE_SECRET_KEY, CLERK_SECRET_KEY } = given()
    const local = { STRIPE_API_BASE: 'http://127.0.0.1:1', CLERK_API_BASE: 'http://127.0.0.1:2' }
    expect(await providers(HERE)).toEqual([{ STRIPE_SECRET_KEY, CLERK_SECRET_KEY, ...local }])
  })

  it.each([
    ['STRIPE_SECRET_KEY', 'sk_test_local_1'],
    ['CLERK_SECRET_KEY', 'sk_test_local_1'],
    ['STRIPE_API_BASE', 'http://127.0.0.1:1'],
    ['CLERK_API_BASE', 'http://127.0.0.1:1'],
  ])('is refused where %s names a provider of this machine on purpose', async (name, value) => {
    const theirs = { STRIPE_SECRET_KEY: 'sk_live_theirs', CLERK_SECRET_KEY: 'sk_live_theirs' }
    expect(await providers(ELSEWHERE, { ...theirs, [name]: value })).toEqual([
      `${name} is for the providers of npm run dev, and db.example.com is not on this machine: what they have is not what belongs there. Set the keys of your own accounts`,
    ])
  })

  it('asks them where .dev.vars names that database, since the Worker of npm run dev does', async () => {
    const named = readFileSync(file(), 'utf8').replace('DATABASE_URL=""', `DATABASE_URL="${ELSEWHERE}"`)
    writeFileSync(file(), named)
    expect(await providers(ELSEWHERE)).toMatchObject([{ CLERK_API_BASE: 'http://127.0.0.1:2' }])
  })

  it('names for a refused setting the place where it counts', async () => {
    const env = { STRIPE_SECRET_KEY: 'sk_live_theirs', CLERK_SECRET_KEY: 'sk_live_theirs' }
    const production = 'in the environment or in [env.production.vars] of wrangler.toml'
    expect(await providers(ELSEWHERE, { ...env, PLANS: '{' })).toEqual([
      `misconfigured: PLANS: is not JSON: set it ${production}`,
    ])
    expect(await providers(ELSEWHERE, { ...env, OPS_TOKEN: '<to be replaced>' })).toEqual([
      'misconfigured: OPS_TOKEN: is still a placeholder: set it in the environment or in .dev.vars',
    ])
    expect(await providers(ELSEWHERE, { ...env, OPS_TOKEN: '<to be replaced>', PLANS: '{' })).toEqual([
      `misconfigured: PLANS: is not JSON; OPS_TOKEN: is still a placeholder: set OPS_TOKEN in the environment or in .dev.vars, and PLANS ${production}`,
    ])
    expect(await providers(HERE, { PLANS: '{' })).toEqual([
      'misconfigured: PLANS: is not JSON: set it in the environment or in .dev.vars',
    ])
  })

  it('says nothing of settings that only the Worker uses', async () => {
    const only = 'HEARTBEAT_URL="https://beat.example.com/1"\nQUEUE_SPEED="50"\nREQUIRE_EMAIL="false"\n'
    writeFileSync(file(), only)
    expect(await read('QUEUE_SPEED', ELSEWHERE)).toEqual([
      'not used from .dev.vars: REQUIRE_EMAIL. They come from the environment, or [env.production.vars] of wrangler.toml',
    ])
  })
})
