import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'
import { parseEnv } from 'node:util'
import pg from 'pg'
import { Webhook } from 'svix'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type HttpServer, serveHttp } from '../../local/http-server.ts'
import { assertPortFree, freePort, nextFreePort, releaseChosenPorts, reservePort } from '../../local/ports.ts'
import { type Command, makeDir, run, scratchDir, start } from './command.ts'
import { freePorts, type Ports, partFlags, portFlags } from './dev-ports.ts'

const isWindows = process.platform === 'win32'

describe('npm run dev', () => {
  let cwd: string
  let temporary: string
  let ports: Ports
  let dev: Command
  let app: HttpServer

  beforeAll(async () => {
    cwd = makeDir()
    temporary = join(cwd, 'tmp')
    mkdirSync(temporary)
    ports = await freePorts()
    app = await serveHttp(takeEvent, { port: 0, flag: 'none: the system chooses it' })
    const told = ['--var', `EVENTS_URL:${app.url}/hooks`]
    const flags = [...portFlags(ports), '--var', 'SIGNUP_BONUS_CREDITS:7', ...told]
    dev = start('local/dev.ts', flags, cwd, { TMPDIR: temporary })
    await dev.printed('ready')
  })

  afterAll(async () => {
    dev.process.kill()
    await dev.ended
    await app.stop()
    rmSync(cwd, { recursive: true, force: true })
  })

  /** An app that accepts each event with a valid signature by the secret of .dev.vars. */
  const takeEvent: RequestListener = async (request, response) => {
    const { EVENTS_SECRET = '' } = parseEnv(readFileSync(join(cwd, '.dev.vars'), 'utf8'))
    const body = await text(request)
    try {
      new Webhook(EVENTS_SECRET).verify(body, request.headers as Record<string, string>)
      response.statusCode = 204
    } catch {
      response.statusCode = 400
    }
    response.end()
  }

  const send = (...args: string[]) => run('local/send.ts', ['--port', String(ports.worker), ...args], cwd)

  test('says where everything is', () => {
    for (const address of [
      `http://127.0.0.1:${ports.worker}/api/webhooks/clerk`,
      `http://127.0.0.1:${ports.worker}/api/webhooks/stripe`,
      `http://127.0.0.1:${ports.gateway}/sql`,
      `postgres://postgres:postgres@127.0.0.1:${ports.postgres}/ledgerhook`,
    ])
      expect(dev.output()).toContain(address)
  })

  test.skipIf(isWindows)('has written secrets that its owner alone can read, and shows none of them', () => {
    const file = join(cwd, '.dev.vars')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const secrets = readFileSync(file, 'utf8').match(/(?<=_SECRET="|_KEY="|_TOKEN=")[^"]+/g) ?? []
    expect(secrets).toHaveLength(8)
    for (const secret of secrets) expect(dev.output()).not.toContain(secret)
  })

  test('takes what npm run send delivers, prints a line for each delivery, and lets the tables be looked at', async () => {
    expect(await send('clerk', 'user.created', '--user', 'user_1')).toMatchObject({ code: 0 })
    const topUp = ['stripe', 'checkout.session.completed', '--user', 'user_1', '--times', '2']
    expect(await send(...topUp)).toMatchObject({ code: 0 })
    expect(await send(...topUp, '--wrong-secret', '--expect', '400')).toMatchObject({ code: 0 })

    await dev.printed('told    credits.purchased')
    const lines = dev
      .output()
      .split('\n')
      .filter((line) => /^\d\d:\d\d:\d\d {2}/.test(line))
      .map((line) =>
        line
          .slice(10)
          .replaceAll(/ +\d+ ms$| +out_\w+$/g, '')
          .replaceAll(/ +/g, ' '),
      )
    expect(lines.filter((line) => line.startsWith('told'))).toEqual([
      'told user.created sent, 204 user_1',
      'told credits.granted sent, 204 user_1',
      'told credits.purchased sent, 204 user_1',
    ])
    expect(lines.filter((line) => !line.startsWith('told'))).toEqual([
      'clerk user.created applied user_1',
      'stripe checkout.session.completed applied user_1',
      'stripe checkout.session.completed duplicate / already_processed user_1',
      'refused stripe it was signed with another secret, or changed on its way (no_match)',
      'refused stripe it was signed with another secret, or changed on its way (no_match)',
    ])

    const database = new pg.Client(`postgres://postgres:postgres@127.0.0.1:${ports.postgres}/ledgerhook`)
    await database.connect()
    const { rows } = await database.query('select balance from ledgerhook.wallets')
    await database.end()
    expect(rows).toEqual([{ balance: '507' }])
  })

  test.for([
    ['worker', '--port'],
    ['postgres', '--pg-port'],
    ['gateway', '--gateway-port'],
    ['stripe', '--stripe-port'],
    ['clerk', '--clerk-port'],
  ] as const)('refuses the taken port of the %s in one line that names %s', async ([part, flag]) => {
    const wanted = { ...(await freePorts()), [part]: ports[part] }
    expect(await run('local/dev.ts', portFlags(wanted), scratchDir())).toEqual({
      code: 1,
      output: expect.stringMatching(
        new RegExp(
          `^wrote .dev.vars.*\nport ${ports[part]} is in use by .+ \\(process \\d+\\): .* with ${flag} auto$`,
        ),
      ),
    })
  })

  test('refuses a second copy on the same data in one line', async () => {
    const { code, output } = await run('local/dev.ts', portFlags(await freePorts()), cwd)
    expect(code).toBe(1)
    expect(output).toMatch(/^another copy runs on .*--data$/)
  })

  test('sells over a local Stripe, which tells the Worker who has paid', async () => {
    const token = (await run('local/token.ts', ['user_buyer'], cwd)).output
    const api = (path: string, init: RequestInit = {}) =>
      fetch(`http://127.0.0.1:${ports.worker}${path}`, {
        ...init,
        headers: { Authorization: `Bearer ${token}` },
      })
    const opened = await api('/api/checkout', { method: 'POST', body: '{"pack": "starter"}' })
    const { id, url } = (await opened.json()) as { id: string; url: string }
    expect(url).toBe(`http://127.0.0.1:${ports.stripe}/pay/${id}`)
    const paid = await fetch(url, { method: 'POST', body: 'with=card' })
    expect(paid.url).toBe(`http://127.0.0.1:${ports.stripe}/app/billing/success?session_id=${id}`)
    expect(await (await api(`/api/checkout/${id}`)).json()).toMatchObject({
      status: 'complete',
      outcome: 'duplicate',
      reason: 'payment_already_credited',
      balance: 500,
    })
  })

  test('has a local Clerk, which tells the Worker who has signed up, and what became of them', async () => {
    const person = '{"email_address": ["ada@example.com"], "first_name": "Ada"}'
    const at = (action: string, body = '{}') =>
      fetch(`http://127.0.0.1:${ports.clerk}/test/users/user_ada/${action}`, { method: 'POST', body })
    expect(await (await at('create', person)).json()).toMatchObject({
      deliveries: [{ type: 'user.created', status: 200, answer: { outcome: 'applied' } }],
    })
    const token = (await run('local/token.ts', ['user_ada'], cwd)).output
    const me = await fetch(`http://127.0.0.1:${ports.worker}/api/me`, {
      headers: { Authorization: `Bearer ${token}` },
    })
    expect(await me.json()).toMatchObject({ id: 'user_ada', email: 'ada@example.com', balance: 7 })
    expect(await (await at('delete')).json()).toMatchObject({
      deliveries: [{ type: 'user.deleted', status: 200, answer: { outcome: 'applied' } }],
    })
  })

  test('asks the local Clerk for a user whose session is there before the webhook', async () => {
    const body = '{"email_address": ["eve@example.com"], "deliver": false}'
    await fetch(`http://127.0.0.1:${ports.clerk}/test/users/user_eve/create`, { method: 'POST', body })
    const token = (await run('local/token.ts', ['user_eve'], cwd)).output
    const me = await fetch(`http://127.0.0.1:${ports.worker}/api/me`, {
      headers: { Authorization: `Bearer ${token}` },
    })
    expect(await me.json()).toMatchObject({ email: 'eve@example.com', balance: 7 })
  })

  test('has nothing that the doctor finds wrong', async () => {
    const flags = ['--url', `http://127.0.0.1:${ports.worker}`, ...partFlags(ports)]
    const { code, output } = await run('cli/doctor.ts', flags, cwd)
    expect([code, output]).toEqual([0, expect.stringContaining(' 0 failed')])
    expect(output).not.toContain('not examined')
    expect(output).toContain(' 0 warnings')
  })

  test('lets the doctor ask a database that is named, by the gateway that stands before it', async () => {
    const { worker, postgres, gateway, stripe, clerk } = ports
    const flags = ['--url', `http://127.0.0.1:${worker}`, '--gateway-port', String(gateway)]
    const others = ['--stripe-port', String(stripe), '--clerk-port', String(clerk)]
    const DATABASE_URL = `postgres://postgres:postgres@127.0.0.1:${postgres}/ledgerhook`
    const { code, output } = await run('cli/doctor.ts', [...flags, ...others], cwd, { DATABASE_URL })
    expect([code, output]).toEqual([0, expect.stringContaining('✓ database-http')])
  })

  test.skipIf(isWindows)('leaves no process on SIGTERM, and frees its ports', async () => {
    const family = descendants(dev.process.pid as number)
    expect(family.length).toBeGreaterThan(3)
    dev.process.kill('SIGTERM')
    expect(await dev.ended).toBe(0)
    await expectNothingLeft(family, ports, temporary)
  })

  test.skipIf(isWindows)('leaves nothing on Ctrl-C while it is still starting', async () => {
    const another = start('local/dev.ts', ['--port', 'auto'], cwd, { TMPDIR: temporary })
    await another.printed('up: PostgreSQL')
    const family = descendants(another.process.pid as number)
    another.process.kill('SIGINT')
    expect(await another.ended).toBe(130)
    await expectNothingLeft(family, ports, temporary)
  })
})

test('a taken port is passed over by `auto`', async () => {
  const taken = await freePort()
  const release = await reservePort(taken, '--port')
  const next = await nextFreePort(taken, [taken + 1])
  await release()
  expect(next).toBeGreaterThan(taken + 1)
  expect(await nextFreePort(taken, [])).toBe(taken)
  await releaseChosenPorts()
})

test('no two processes that start at the same moment get the same port by `auto`', async () => {
  const usual = await freePort()
  const script = `const { nextFreePort } = await import(${JSON.stringify(pathToFileURL('local/ports.ts'))})
    process.stdin.resume() // each keeps what it has chosen until all have chosen
    const ports = []
    for (let n = 0; n < 4; n++) console.log(ports[n] = await nextFreePort(${usual}, ports))`
  const choosing = Array.from({ length: 4 }, () =>
    spawn(process.execPath, ['--input-type=module', '-e', script]),
  )
  try {
    const ports = await Promise.all(choosing.map(({ stdout }) => firstLines(stdout, 4)))
    expect(new Set(ports.flat()).size).toBe(16)
  } finally {
    for (const process of choosing) process.kill()
  }
})

async function firstLines(stream: Readable, count: number): Promise<string[]> {
  const lines: string[] = []
  for await (const line of createInterface(stream)) if (lines.push(line) === count) break
  return lines
}

test.for([
  [['--port', 'abc'], "--port takes a whole number from 1 to 65535, not 'abc'"],
  [['--rtt-ms', '-1'], "--rtt-ms takes a whole number from 0 to 60000, not '-1'"],
  [['--var', 'NAME'], "--var takes NAME:VALUE, not 'NAME'"],
  [
    ['--var', 'DATABASE_URL:postgres://a:b@127.0.0.1/x'],
    '--var does not take DATABASE_URL, which decides what is started: set it in .dev.vars',
  ],
  [['--var', 'APP_ORIGIN:http://localhost:3000'], 'APP_ORIGIN is not a setting: docs/settings.md lists them'],
  [['--colour'], "Unknown option '--colour': --help lists the flags; they go after a `--`"],
] as const)('npm run dev refuses %j in one line', async ([args, message]) => {
  expect(await run('local/dev.ts', [...args], scratchDir())).toEqual({ code: 1, output: message })
})

interface ProcessRow {
  pid: number
  parent: number
}

/** Returns the running processes of this machine, without zombies. */
function processes(): ProcessRow[] {
  const rows = execFileSync('ps', ['-eo', 'pid=,ppid=,stat='], { encoding: 'utf8' }).trim().split('\n')
  return rows
    .map((row) => row.trim().split(/\s+/))
    .filter(([, , state]) => !state?.startsWith('Z'))
    .map(([pid, parent]) => ({ pid: Number(pid), parent: Number(parent) }))
}

function descendants(ancestor: number, running = processes()): number[] {
  const children = running.filter(({ parent }) => parent === ancestor)
  return children.flatMap(({ pid }) => [pid, ...descendants(pid, running)])
}

async function expectNothingLeft(family: number[], ports: Ports, temporary: string): Promise<void> {
  const running = processes().map(({ pid }) => pid)
  expect(family.filter((pid) => running.includes(pid))).toEqual([])
  for (const port of Object.values(ports)) await assertPortFree(port, '')
  expect(readdirSync(temporary)).toEqual([])
}
