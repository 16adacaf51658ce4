import { execFile } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { migrate } from '../../cli/migrate/run.ts'
import { runCommand } from '../../cli/shared/command.ts'
import { confirmElsewhere } from '../../cli/shared/confirm.ts'
import { projectDir } from '../../cli/shared/project.ts'
import { EXAMPLES } from '../../local/dev-vars.ts'
import { serveHttp } from '../../local/http-server.ts'
import { as, type Cluster, startCluster } from '../support/cluster.ts'
import { run, scratchDir, start } from './command.ts'

let cluster: Cluster
let empty = ''
let migrated = ''

beforeAll(async () => {
  cluster = await startCluster()
  await cluster.login('ada')
  empty = await cluster.database('empty')
  migrated = await cluster.database('migrated')
  await migrate(migrated)
  await cluster.login('worker', 'in role ledgerhook_worker')
})
afterAll(() => cluster.stop())

/** Fails unless a command refuses in one line, without the password. Returns the line. */
async function refusal(script: string, args: string[], env: Record<string, string>): Promise<string> {
  const { code, output } = await run(script, args, scratchDir(), env)
  expect([code, output.split('\n')]).toEqual([1, [expect.any(String)]])
  expect(output).not.toContain('hunter2')
  return output
}

const KEYS = { STRIPE_SECRET_KEY: 'sk_test_1', CLERK_JWT_KEY: '' }
const SECRETS = {
  STRIPE_SECRET_KEY: 'sk_test_123',
  CLERK_WEBHOOK_SECRET: `whsec_${'AAAA'.repeat(8)}`,
  STRIPE_WEBHOOK_SECRET: 'whsec_0123456789',
}
const NOTE = ['--note', 'why']

/** Every command that uses the database, except the doctor, which reports this as a finding. */
const COMMANDS: Record<string, string[]> = {
  'cli/adjust.ts': ['user_ada', '50', ...NOTE, '--key', 'k'],
  'cli/events.ts': [],
  'cli/explain.ts': ['user_ada'],
  'cli/migrate.ts': [],
  'cli/preview.ts': ['--plans', '{}'],
  'cli/settle.ts': ['evt_1', ...NOTE],
  'cli/stripe-account.ts': [],
  'local/dev.ts': [],
  'local/studio.ts': [],
}

describe('a wrong password is one sentence', () => {
  it.each(Object.entries(COMMANDS))('of %s', async (script, args) => {
    const DATABASE_URL = `postgres://ada:hunter2@127.0.0.1:${cluster.port}/empty`
    const env = { ...KEYS, DATABASE_URL }
    const dir = scratchDir()
    // With this file, `dev` has nothing to write first.
    const written = ['SERVICE_TOKEN', 'OPS_TOKEN', 'EVENTS_SECRET', 'CLERK_JWT_KEY', ...Object.keys(EXAMPLES)]
    writeFileSync(join(dir, '.dev.vars'), written.map((name) => `${name}=\n`).join(''))
    const { code, output } = await run(script, args, dir, env)
    const lines = output
      .split('\n')
      .filter((line) => !/^from the environment|^[A-Z_]+: |^Until that/.test(line))
    expect([code, lines]).toEqual([
      1,
      [`127.0.0.1:${cluster.port} refuses the user ada: is the password right?`],
    ])
  })
})

describe('a login that may not read the tables, such as the Worker’s, is one sentence', () => {
  it.each([
    ['cli/preview.ts', ['--plans', '{}']],
    ['cli/replay-check.ts', ['--var', 'SIGNUP_BONUS_CREDITS:5']],
    ['cli/adjust.ts', COMMANDS['cli/adjust.ts']],
    ['cli/settle.ts', COMMANDS['cli/settle.ts']],
    ['cli/events.ts', []],
  ])('of %s %j', async (script, args = []) => {
    const env = { ...SECRETS, DATABASE_URL: as('worker', migrated) }
    expect(await refusal(script, args, env)).toMatch(/\(42501\): connect as the owner$/)
  })

  it.each([
    ['cli/preview.ts', ['--plans', '{}']],
    ['cli/replay-check.ts', ['--var', 'SIGNUP_BONUS_CREDITS:5']],
  ])('and a database that is not migrated, of %s', async (script, args) => {
    const env = { ...SECRETS, DATABASE_URL: empty }
    expect(await refusal(script, args, env)).toMatch(
      /lacks what this command calls \(\w{5}\): npm run migrate$/,
    )
  })
})

describe('npm run explain says in one sentence', () => {
  it.each([
    [
      'that no such host is there',
      () => 'postgres://ada:hunter2@nowhere.invalid/x',
      /^there is no host nowhere/,
    ],
    [
      'that nothing listens there',
      () => 'postgres://ada:hunter2@127.0.0.1:1/x',
      /^127\.0\.0\.1:1 does not answer/,
    ],
    [
      'that the database is missing',
      () => as('ada', empty).replace('/empty', '/none'),
      /has no database none: create/,
    ],
    ['that it is not migrated', () => empty, /lacks what this command calls \(3F000\): npm run migrate$/],
    ['that it is no connection string', () => '<to be replaced>', /^DATABASE_URL is not a connection string/],
    ['that it is an example', () => 'postgres://…', /^DATABASE_URL is not a connection string/],
    ['that TLS is not spoken', () => `${empty}?sslmode=require`, /correct sslmode in DATABASE_URL$/],
  ])('%s', async (_, url, says) => {
    expect(await refusal('cli/explain.ts', ['user_ada'], { DATABASE_URL: url() })).toMatch(says)
  })
})

describe('flags', () => {
  const scripts = ['cli/adjust.ts', 'cli/doctor.ts', 'cli/reconcile.ts', 'cli/stamp.ts']
  it.each([...scripts, 'local/dev.ts', 'local/token.ts'])(
    'that %s does not have are refused',
    async (script) => {
      expect(await refusal(script, ['--nonesuch'], {})).toBe(
        "Unknown option '--nonesuch': --help lists the flags; they go after a `--`",
      )
    },
  )

  it('that npm took for itself are not ignored silently', async () => {
    const env = { DATABASE_URL: empty, npm_config_dry_run: 'true' }
    expect(await refusal('cli/migrate.ts', [], env)).toBe(
      'npm took --dry-run for itself: flags go after a `--`, npm run … -- --dry-run',
    )
  })

  // With `--target` an amount is a balance; without it the amount is added.
  it.each(['target', 'user'])(
    'that npm took are refused, also --%s, which may be in its permanent configuration',
    async (name) => {
      const args = ['--file', 'balances.csv']
      const env = { DATABASE_URL: empty, [`npm_config_${name}`]: 'true' }
      const script = name === 'target' ? 'cli/adjust.ts' : 'cli/reconcile.ts'
      expect(await refusal(script, args, env)).toMatch(new RegExp(`^npm took --${name} for itself`))
      // As in an .npmrc for node-gyp: it is not meant as the flag.
      const forGood = await refusal(script, args, { ...env, [`npm_config_${name}`]: '22.0.0' })
      expect(forGood).not.toContain('npm has kept')
    },
  )
})

describe('a note or a key that is too long for a table that only grows', () => {
  const long = 'é'.repeat(501)
  it.each([
    ['cli/adjust.ts', ['user_ada', '50', '--note', long, '--key', 'k'], '--note'],
    ['cli/adjust.ts', ['user_ada', '50', ...NOTE, '--key', 'k'.repeat(256)], '--key'],
    ['cli/settle.ts', ['evt_1', '--note', long], '--note'],
    ['cli/settle.ts', ['--difference', 'pi_1', '--note', long], '--note'],
  ] as const)('is refused by %s', async (script, args, flag) => {
    const [most, has] = flag === '--note' ? [500, 501] : [255, 256]
    expect(await refusal(script, [...args], { DATABASE_URL: empty })).toBe(
      `${flag} takes at most ${most} characters, and this has ${has}: nothing is changed`,
    )
  })
})

describe('npm run adjust, where the database is not on this machine', () => {
  const env = { DATABASE_URL: 'postgres://ada:hunter2@db.invalid/x' }
  const args = COMMANDS['cli/adjust.ts'] ?? []

  it('wants --yes where nobody can be asked', async () => {
    expect(await refusal('cli/adjust.ts', args, env)).toBe(
      'db.invalid is not this machine: add `-- --yes` if you mean to book 50 credits for user_ada there',
    )
    expect(await refusal('cli/adjust.ts', ['--file', 'a.csv'], env)).toMatch(
      /mean to book the lines of a\.csv there$/,
    )
    expect(await refusal('cli/adjust.ts', [...args, '--yes'], env)).toMatch(/^there is no host db\.invalid/)
  })

  it.each([
    ['y\n', undefined],
    ['yes\n', undefined],
    ['\n', 'db.invalid: nothing is changed'],
    ['no\n', 'db.invalid: nothing is changed'],
  ])('asks, and is answered %j', async (answer, refused) => {
    const [input, output] = [new PassThrough(), new PassThrough()]
    const asked = confirmElsewhere(env.DATABASE_URL, 'book it', { terminal: { input, output } })
    input.write(answer)
    expect(await asked.catch(({ message }) => message)).toBe(refused)
    expect(String(output.read())).toBe('book it at db.invalid, which is not this machine? [y/N] ')
  })

  it('asks nobody about this machine', async () => {
    for (const host of ['127.0.0.1:5432', 'localhost', '[::1]'])
      await confirmElsewhere(`postgres://ada:x@${host}/x`, 'book it', { terminal: undefined })
  })
})

describe('what the system refuses is one sentence', () => {
  const said = async (act: () => void) => {
    const printed = vi.spyOn(console, 'error').mockImplementation(() => {})
    onTestFinished(() => void printed.mockRestore())
    const before = process.exitCode
    await runCommand(act)
    process.exitCode = before
    return printed.mock.calls.flat()
  }
  const refusing = (code: string) => () => {
    throw Object.assign(new Error(code), { code, syscall: 'open', path: '.dev.vars' })
  }

  it.skipIf(!existsSync('/dev/full'))('a disk that is full', async () => {
    const sentence = [expect.stringMatching(/\(ENOSPC\): the disk is full$/)]
    expect(await said(() => writeFileSync('/dev/full', 'x'))).toEqual(sentence)
  })

  it.each([
    ['EACCES', 'you have no permission for it'],
    ['EPERM', 'you have no permission for it'],
    ['EROFS', 'it is on a read-only disk'],
  ])('%s', async (code, why) => {
    expect(await said(refusing(code))).toEqual([`.dev.vars cannot be used (${code}): ${why}`])
  })

  it('any other error keeps its trace', async () => {
    await expect(said(refusing('ENOENT'))).rejects.toThrow('ENOENT')
  })
})

describe('npm run dev, with a DATABASE_URL that is not Neon', () => {
  it('offers the local gateway', async () => {
    const { code, output } = await run('local/dev.ts', [], scratchDir(), { DATABASE_URL: empty })
    expect([code, output.split('\n').at(-1)]).toEqual([
      1,
      `127.0.0.1:${cluster.port} is not Neon, whose SQL over HTTP the Worker speaks: --gateway puts the local gateway in front of it`,
    ])
  })

  it('puts the local gateway in front of it with --gateway, and goes on where no tunnel can be opened', async () => {
    const url = await cluster.database('plain')
    await migrate(url)
    const flags = ['--gateway', '--port', 'auto', '--tunnel']
    const dev = start('local/dev.ts', flags, scratchDir(), {
      DATABASE_URL: url,
      CLOUDFLARED_PATH: '/nonexistent/cloudflared',
    })
    onTestFinished(async () => {
      dev.process.kill()
      await dev.ended
    })
    await dev.printed('reachable and migrated')
    expect(dev.output()).toContain(`up: the gateway, in front of 127.0.0.1:${cluster.port}`)
    expect(dev.output()).not.toContain('up: PostgreSQL')
    // The string has a password, so it is not printed. Nothing listens on the local Postgres's port.
    expect(dev.output()).toMatch(/^doctor +DATABASE_URL=… npm run doctor -- .*--gateway-port \d+/m)
    expect(dev.output()).toContain('No tunnel could be opened: is there a network?')
  })

  it.each([
    [{}, /^--gateway stands in front of the database of DATABASE_URL, which is not set$/m],
    [
      { DATABASE_URL: 'postgres://a:b@ep-x.eu.neon.tech/x' },
      /^ep-x\.eu\.neon\.tech is Neon: --gateway is for/m,
    ],
  ])('refuses the gateway where it has no use: %j', async (env, says) => {
    const { code, output } = await run('local/dev.ts', ['--gateway'], scratchDir(), env)
    expect([code, output]).toEqual([1, expect.stringMatching(says)])
  })
})

describe('npm ci', () => {
  it.each(['v20.0.0', 'v100.0.0'])('takes Node.js %s', async (version) => {
    const env = { npm_config_user_agent: `npm/11.0.0 node/${version} linux x64 workspaces/false` }
    expect(await run('local/require-node.cjs', [], scratchDir(), env)).toEqual({ code: 0, output: '' })
  })

  it.each(['v8.17.0', 'v19.9.0'])('refuses Node.js %s in one sentence', async (version) => {
    const env = { npm_config_user_agent: `npm/9.0.0 node/${version} linux x64 workspaces/false` }
    expect(await refusal('local/require-node.cjs', [], env)).toBe(
      `Ledgerhook needs Node.js 20 or newer, better 22 or later, and this is ${version}: https://nodejs.org`,
    )
  })
})

describe('npm install github:<you>/ledgerhook', () => {
  it('fetches no package for development: no script makes npm prepare it, or asks whether it may run', () => {
    const { scripts } = JSON.parse(readFileSync(join(projectDir, 'package.json'), 'utf8'))
    const preparing = ['build', 'preinstall', 'install', 'postinstall', 'prepack', 'prepare']
    expect(preparing.filter((name) => Object.hasOwn(scripts, name))).toEqual([])
    // What npm runs in a checkout, and nowhere else.
    expect(scripts.preprepare).toBe('node local/require-node.cjs')
  })
})

describe('without the packages', () => {
  const GUARD = 'local/require-packages.cjs'
  const { scripts, dependencies, devDependencies } = JSON.parse(
    readFileSync(join(projectDir, 'package.json'), 'utf8'),
  ) as Record<'scripts' | 'dependencies' | 'devDependencies', Record<string, string>>
  const commands = Object.entries(scripts).filter(([name]) => name !== 'preprepare')

  /** A checkout without installed packages, as far as a command gets. */
  function checkout(): string {
    const dir = scratchDir()
    mkdirSync(join(dir, 'local'))
    for (const file of ['package.json', GUARD]) copyFileSync(join(projectDir, file), join(dir, file))
    return dir
  }

  function install(dir: string, name: string, range: string): void {
    const version = range.split('@').at(-1)
    mkdirSync(join(dir, 'node_modules', name), { recursive: true })
    writeFileSync(join(dir, 'node_modules', name, 'package.json'), JSON.stringify({ version }))
  }

  /** Returns what an npm script prints, and its exit code. */
  const said = (script: string, cwd: string) =>
    new Promise<[unknown, string]>((resolve) => {
      execFile(script, { cwd, shell: true }, (error, stdout, stderr) =>
        resolve([error?.code ?? 0, stdout + stderr]),
      )
    })

  it.each(commands)('npm run %s says in one sentence to run npm ci', async (_name, script) => {
    expect(await said(script, checkout())).toEqual([
      1,
      'The packages are not installed: run `npm ci` first\n',
    ])
  })

  it('one that an upgrade has changed is named', async () => {
    const dir = checkout()
    for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies }))
      install(dir, name, version)
    expect(await said(`node ${GUARD}`, dir)).toEqual([0, ''])
    install(dir, 'hono', '1.0.0')
    expect(await said(`node ${GUARD}`, dir)).toEqual([
      1,
      'hono is not installed as package.json says: run `npm ci` first, as after each upgrade\n',
    ])
  })

  it('those for development are not left out by NODE_ENV=production', async () => {
    const env = { ...process.env, NODE_ENV: 'production' }
    const asked = await promisify(execFile)('npm', ['config', 'get', 'include'], { cwd: projectDir, env })
    expect(asked.stdout.trim()).toBe('dev')
  })

  it('an installation for production says what to add, where npm ci alone would change nothing', async () => {
    const dir = checkout()
    // Some development packages come as dependencies of the others.
    const there = { ...dependencies, '@types/node': devDependencies['@types/node'] ?? '' }
    for (const [name, version] of Object.entries(there)) install(dir, name, version)
    expect(await said(`node ${GUARD}`, dir)).toEqual([
      1,
      '@biomejs/biome, a package for development, is not installed: run `npm ci --include=dev` first\n',
    ])
  })
})

it('a port on which something else than Postgres listens, such as the gateway’s, is one sentence', async () => {
  const other = await serveHttp((_, response) => response.end(), {
    port: 0,
    flag: 'none: the system chooses it',
  })
  onTestFinished(() => other.stop())
  const { port } = new URL(other.url)
  expect(await refusal('cli/explain.ts', ['user_ada', '--pg-port', port], {})).toBe(
    `127.0.0.1:${port} is no Postgres, or has just stopped: it ends the connection. Is the port right?`,
  )
})
