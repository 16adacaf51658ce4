import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { projectDir } from '../../cli/shared/project.ts'
import { type Command, makeDir, start } from './command.ts'
import { freePorts, type Ports, portFlags } from './dev-ports.ts'
import { blocks, commandsOf, ELSEWHERE, type Excuse, excuseOf, NOT_HERE } from './documents-blocks.ts'
import { documents, read } from './house/sources.ts'

const shellBlocks = blocks.filter(({ language }) => language === 'sh')
const sqlBlocks = blocks.filter(({ language }) => language === 'sql')

describe('the list of what cannot run here', () => {
  it('names only what is in the documents', () => {
    const commands = shellBlocks.flatMap((block) =>
      commandsOf(block).map((code) => ({ path: block.path, code })),
    )
    const isOf = ([page, start]: Excuse, { path, code }: { path: string; code: string }) =>
      page === path && code.startsWith(start)
    const gone = [
      ...NOT_HERE.filter((excuse) => !commands.some((command) => isOf(excuse, command))),
      ...ELSEWHERE.filter((excuse) => !blocks.some((block) => isOf(excuse, block))),
    ]
    expect(gone).toEqual([])
  })

  it('names tests that do read the page', () => {
    const named = [...NOT_HERE, ...ELSEWHERE].filter(([, , why]) => /^test\/\S+\.test\.ts$/.test(why))
    expect(named.length).toBeGreaterThan(8)
    expect(named.filter(([path, , test]) => !read(test).includes(path))).toEqual([])
  })

  it('names every TypeScript that is not compiled, and JSON is JSON', () => {
    const left = blocks.filter(
      ({ language, code }) => language === 'ts' && !code.includes("from 'ledgerhook/"),
    )
    expect(left.filter(({ path, code }) => !excuseOf(ELSEWHERE, path, code))).toEqual([])
    for (const { code } of blocks.filter(({ language }) => language === 'json')) JSON.parse(code)
  })
})

let cwd: string
let ports: Ports
let dev: Command
let shell: Shell
let database: pg.Client

const owner = () => `postgres://postgres:postgres@127.0.0.1:${ports.postgres}/ledgerhook`

beforeAll(async () => {
  cwd = makeDir()
  ports = await freePorts()
  dev = start('local/dev.ts', [...portFlags(ports), '--spill'], cwd)
  await dev.printed('ready')
  database = new pg.Client(owner())
  await database.connect()
  shell = openShell()
})

afterAll(async () => {
  shell?.close()
  await database?.end()
  dev?.process.kill()
  await dev?.ended
  rmSync(cwd, { recursive: true, force: true })
})

describe.each(documents.filter((path) => shellBlocks.some((block) => block.path === path)))('%s', (path) => {
  it('has shell commands that work, in their order', async () => {
    for (const command of GIVEN[path] ?? [])
      expect(await shell.run(here(command))).toMatchObject({ status: 0 })
    for (const block of shellBlocks.filter((one) => one.path === path)) {
      for (const command of commandsOf(block)) {
        if (excuseOf(NOT_HERE, path, command) || isDone(here(command))) continue
        const { status, output } = await shell.run(await known(here(command)))
        const works =
          status === 0 || (status === 1 && COMPARES.test(command) && / differ|"found": \[\s*\{/.test(output))
        expect(works, `${path}:${block.line}\n${command}\nended with ${status}:\n${output}`).toBe(true)
      }
    }
  })
})

it.each(sqlBlocks.filter(({ path, code }) => !excuseOf(ELSEWHERE, path, code)))(
  '$path has SQL that works, in line $line',
  async ({ code }) => {
    await database.query(placed(code))
  },
)

it.each(['README.md', 'docs/api.md'])('%s has TypeScript that runs', async (path) => {
  const [code] = blocks
    .filter((block) => block.path === path && block.language === 'ts')
    .map(({ code }) => code)
  mkdirSync(join(projectDir, '.local'), { recursive: true })
  const dir = mkdtempSync(join(projectDir, '.local', 'documents-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  const bought = await shell.run(
    here(
      `curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8787/api/checkout -d '{"pack": "starter"}'`,
    ),
  )
  const around = {
    LEDGERHOOK: `http://127.0.0.1:${ports.worker}`,
    userId: 'user_ada',
    imageId: 'image_1',
    location: {},
    sessionId: JSON.parse(bought.output).id,
  }
  const secret = `SERVICE_TOKEN: process.env.SERVICE_TOKEN, getToken: async () => process.env.TOKEN`
  writeFileSync(join(dir, 'around.ts'), `Object.assign(globalThis, ${JSON.stringify(around)}, {${secret}})`)
  const saying = path === 'README.md' ? 'console.log(me.balance, bought.balance, error, location.href)' : ''
  writeFileSync(join(dir, 'block.ts'), `import './around.ts'\n${code}\n${saying}`)
  const { status, output } = await shell.run(
    `SERVICE_TOKEN="$SERVICE_TOKEN" TOKEN="$TOKEN" '${process.execPath}' '${join(dir, 'block.ts')}'`,
  )
  expect([status, output]).toEqual([
    0,
    expect.stringMatching(path === 'README.md' ? /^\d+ \d+ undefined http:\S+\s*$/ : /^(\w+ \d+)?\s*$/),
  ])
})

const looked = new Set<string>()

/** The doctor takes seconds and changes nothing, so a command of it that another page has run is not run again. */
function isDone(command: string): boolean {
  const bare = command.replace(/\s+#.*/, '')
  if (!bare.startsWith('npm run doctor')) return false
  if (looked.has(bare)) return true
  looked.add(bare)
  return false
}

/** Commands that exit with 1 if something differs, as they say. */
const COMPARES = /^npm run (reconcile|replay-check)\b/

/** What has to exist before the commands of a page. */
const GIVEN: Record<string, string[]> = {
  'docs/moving-in.md': [
    "printf 'user_id,amount,key,note\\nuser_ada,125000,move-in-user_ada,Moved in\\n' > balances.csv",
  ],
  'docs/troubleshooting.md': [
    'sed s/move-in/credits/ balances.csv > credits.csv',
    `curl -H "Authorization: Bearer $SERVICE_TOKEN" http://127.0.0.1:8787/api/wallet/spend \\
      -d '{"user_id": "user_ada", "amount": 1, "idempotency_key": "job_7", "reference": "job_7"}'`,
    'npm run send -- clerk user.created --user user_gone',
    'npm run send -- clerk user.deleted --user user_gone',
    'npm run send -- stripe checkout.session.completed --user user_gone',
  ],
}

/** Placeholders for values of your own. */
const PLACEHOLDERS: [RegExp, () => string][] = [
  [/<the moment>/g, () => '2020-01-01T00:00:00Z'],
  [/<the wrong one>/g, () => 'none'],
  [/price_1…/g, () => 'price_pro_monthly'],
  [/postgres:\/\/(owner:)?…/g, owner],
  [/postgres:\/\/localhost\/replay/g, () => owner().replace('/ledgerhook', '/replay')],
]

/** Returns the ids in the responses so far, the newest last. */
const seen: string[] = []

const placed = (text: string) =>
  PLACEHOLDERS.reduce((code, [placeholder, stand]) => code.replaceAll(placeholder, stand), text).replaceAll(
    /\b([a-z]+_(?:test_)?)…/g,
    (placeholder, prefix) => {
      const id = seen.findLast((one) => one.startsWith(prefix))
      if (!id) throw new Error(`no response so far has shown an id for ${placeholder}`)
      return id
    },
  )

/** Returns the command with ids of this database in place of the placeholders. */
async function known(command: string): Promise<string> {
  const first = async (sql: string) => Object.values((await database.query(sql)).rows[0] ?? {})[0] as string
  if (command.includes('customers.csv')) {
    const customer = await first(
      "select id from ledgerhook.stripe_customers where user_id = 'user_ada' limit 1",
    )
    writeFileSync(join(cwd, 'customers.csv'), `user_id,stripe_customer_id\nuser_ada,${customer}\n`)
  }
  if (command.includes('pi_3Q'))
    await database.query(`insert into ledgerhook.differences (provider, object, kind, first_pass)
      values ('stripe', 'pi_3Q', 'no_such_payment', 'a pass')`)
  if (/\bre_1\b/.test(command))
    return command.replace('re_1', await first('select id from ledgerhook.reversals limit 1'))
  if (/\bevt_1\b/.test(command))
    return command.replace(
      'evt_1',
      await first("select event_id from ledgerhook.webhook_events where provider = 'stripe'"),
    )
  const rejected = "select event_id from ledgerhook.webhook_events where outcome = 'rejected'"
  return command.includes('evt_1Pq') ? command.replace('evt_1Pq', await first(rejected)) : command
}

/** Returns the command for this stack. */
const here = (command: string) =>
  placed(command)
    .replaceAll(/https:\/\/(<worker>|ledgerhook\.example\.com)/g, `http://127.0.0.1:${ports.worker}`)
    .replaceAll('127.0.0.1:8787', `127.0.0.1:${ports.worker}`)
    .replaceAll('127.0.0.1:25433', `127.0.0.1:${ports.gateway}`)
    .replaceAll('127.0.0.1:25434', `127.0.0.1:${ports.stripe}`)
    .replaceAll('127.0.0.1:25435', `127.0.0.1:${ports.clerk}`)

interface Shell {
  run(command: string): Promise<{ status: number; output: string }>
  close(): void
}

/** One shell for all pages, like a person's, so that variables stay. */
function openShell(): Shell {
  const child: ChildProcessWithoutNullStreams = spawn('bash', ['-uo', 'pipefail'], {
    cwd,
    env: { ...process.env, DATABASE_URL: '', NO_COLOR: '1', BRANCH_URL: owner() },
  })
  let printed = ''
  let changed = () => {}
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (piece) => {
      printed += piece
      changed()
    })
  child.on('close', () => changed())
  writeFileSync(join(cwd, 'functions.sh'), functions())
  child.stdin.write('. ./functions.sh\n')
  return {
    async run(command) {
      const mark = `done-${crypto.randomUUID()}`
      printed = ''
      child.stdin.write(`{ ${command}\n} </dev/null 2>&1\nprintf '\\n%s %s\\n' ${mark} $?\n`)
      const isDone = () => printed.includes(`${mark} `) && printed.endsWith('\n')
      while (!isDone() && child.exitCode === null) await new Promise<void>((resolve) => (changed = resolve))
      const [output = '', status = 'the shell has ended'] = printed.split(`\n${mark} `)
      seen.push(...(output.match(/\b[a-z]+_(test_)?\w+/g) ?? []))
      return { status: /^\d+$/.test(status.trim()) ? Number(status) : Number.NaN, output }
    },
    close: () => child.kill(),
  }
}

/** The ports for the commands. */
const PORT_FLAGS: Record<string, (keyof Ports)[]> = {
  send: ['worker'],
  reconcile: ['postgres', 'stripe', 'clerk'],
  doctor: ['postgres', 'gateway', 'stripe', 'clerk'],
  ...Object.fromEntries(
    ['explain', 'adjust', 'settle', 'events', 'replay-check', 'stripe-account'].map((name) => [
      name,
      ['postgres'],
    ]),
  ),
}

/** Defines `npm run` with the ports of this stack. curl prints refusals. A database's shell is not part of Node. */
function functions(): string {
  const { scripts } = JSON.parse(readFileSync(join(projectDir, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  const flag = {
    worker: 'port',
    postgres: 'pg-port',
    gateway: 'gateway-port',
    stripe: 'stripe-port',
    clerk: 'clerk-port',
  }
  const cases = Object.entries(scripts).flatMap(([name, script]) => {
    const [, file] = /^node .*?(\S+\.ts)$/.exec(script) ?? []
    if (!file) return []
    const given = (PORT_FLAGS[name] ?? []).map((part) => `--${flag[part]} ${ports[part]}`)
    return `    ${name}) set -- '${join(projectDir, file)}' "$@" ${given.join(' ')} ;;`
  })
  return `
npm() {
  [ "$1" = run ] || { echo "npm $1 is not run here"; return 2; }; shift
  [ "$1" = --silent ] && shift
  local name=$1; shift; [ "\${1:-}" = -- ] && shift
  [ "$name" = doctor ] && [ "\${1:-}" != --url ] && set -- --url http://127.0.0.1:${ports.worker} "$@"
  case $name in
${cases.join('\n')}
    *) echo "there is no script $name"; return 2 ;;
  esac
  '${process.execPath}' "$@"
}
curl() { command curl --silent --show-error --fail-with-body --max-time 30 "$@"; }
open() { curl --output /dev/null "$1"; }
createdb() { psql '${owner()}' --csv -c "create database $1"; }
psql() {
  '${process.execPath}' --input-type=module -e '
    const { default: pg } = await import("${join(projectDir, 'node_modules/pg/esm/index.mjs')}")
    const client = new pg.Client(process.argv[1])
    await client.connect()
    const { rows, fields } = await client.query({ text: process.argv[3], rowMode: "array" })
    for (const row of fields.length ? [fields.map(({ name }) => name), ...rows] : []) console.log(row.join(","))
    await client.end()
  ' "$1" "$2" "$4"
}
`
}
