import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { projectDir } from '../../cli/shared/project.ts'
import app from '../../examples/hono/app.ts'
import { freePort } from '../../local/ports.ts'
import { type Command, makeDir, run, start } from './command.ts'

const ORIGIN = 'http://localhost:3000'

const NEXT = join(projectDir, 'examples/next')
/** `.ci/run` builds it. Elsewhere: `npm ci && npm run build` there. */
const isNextTested =
  process.env.EXAMPLE_TESTS === 'required' || existsSync(join(NEXT, '.next/required-server-files.json'))

let cwd: string
let dev: Command
let ledgerhook: string
let clerk: string
let token: string

beforeAll(async () => {
  cwd = makeDir()
  const [port, clerkPort] = [await freePort(), await freePort()]
  ledgerhook = `http://127.0.0.1:${port}`
  clerk = `http://127.0.0.1:${clerkPort}`
  const flags = ['--port', port, '--pg-port', 'auto', '--gateway-port', 'auto', '--stripe-port', 'auto']
  const settings = [`APP_ORIGINS:${ORIGIN}`, `APP_URL:${ORIGIN}`].flatMap((one) => ['--var', one])
  dev = start('local/dev.ts', [...flags, '--clerk-port', clerkPort, ...settings].map(String), cwd)
  await dev.printed('ready')
  token = (await run('local/token.ts', ['user_ada', '--origin', ORIGIN], cwd)).output
})

afterAll(async () => {
  dev.process.kill()
  await dev.ended
  rmSync(cwd, { recursive: true, force: true })
})

/** Reads the settings that an app shares with Ledgerhook, as `npm run dev` wrote them. */
const shared = () => parseEnv(readFileSync(join(cwd, '.dev.vars'), 'utf8')) as Record<string, string>

/** Calls Ledgerhook as a page's script does in a browser at ORIGIN. */
async function ask(path: string, init: RequestInit = {}) {
  const headers = { Authorization: `Bearer ${token}`, Origin: ORIGIN }
  const response = await fetch(ledgerhook + path, { ...init, headers })
  expect(response.headers.get('access-control-allow-origin')).toBe(ORIGIN)
  return (await response.json()) as { id: string; url: string; balance: number; status: string }
}

const balance = async () => (await ask('/api/me')).balance

/** Buys 500 credits. Returns the path of the app to which the person comes back. */
async function buy(): Promise<string> {
  const { id, url } = await ask('/api/checkout', { method: 'POST', body: '{"pack": "starter"}' })
  const paid = await fetch(url, { method: 'POST', body: 'with=card', redirect: 'manual' })
  const back = paid.headers.get('location') ?? ''
  expect(back).toBe(`${ORIGIN}/billing/success?session_id=${id}`)
  expect(await ask(`/api/checkout/${id}`)).toMatchObject({ status: 'complete' })
  return back.slice(ORIGIN.length)
}

/** Spends the whole balance. */
async function spendAll(): Promise<void> {
  const amount = await balance()
  if (amount === 0) return
  const body = JSON.stringify({ user_id: 'user_ada', amount, idempotency_key: crypto.randomUUID() })
  const headers = { Authorization: `Bearer ${shared().SERVICE_TOKEN}` }
  const { status } = await fetch(`${ledgerhook}/api/wallet/spend`, { method: 'POST', headers, body })
  expect(status).toBe(200)
}

type Paint = (id: string, prompt: string, authorization?: string) => Promise<number>

/**
 * The actions of an app that sells images for 3 credits: spend, get 402, buy, come back, and give back credits for a
 * failed image.
 */
async function sellsImages(paint: Paint): Promise<string> {
  expect(await paint('1', 'A harbour', 'Bearer nothing')).toBe(401)
  const other = await run('local/token.ts', ['user_ada', '--origin', 'http://localhost:3001'], cwd)
  expect(await paint('1', 'A harbour', `Bearer ${other.output}`)).toBe(401)
  await spendAll()
  expect(await paint('1', 'A harbour')).toBe(402)

  const back = await buy()
  expect(await balance()).toBe(500)

  expect(await paint('2', 'A harbour')).toBe(200)
  expect(await paint('2', 'A harbour')).toBe(200)
  expect(await balance()).toBe(497)

  // Another picture costs again, also under the same id.
  expect(await paint('2', 'A ship')).toBe(200)
  expect(await balance()).toBe(494)

  // A failed one is given back, and cannot be had for nothing afterwards.
  expect(await paint('3', ' ')).toBe(500)
  expect(await paint('3', ' ')).toBe(409)
  expect(await balance()).toBe(494)
  return back
}

test('the Hono example sells images for credits', async () => {
  await sellsImages(async (id, body, Authorization = `Bearer ${token}`) => {
    const { SERVICE_TOKEN = '', CLERK_JWT_KEY = '' } = shared()
    const env = { LEDGERHOOK_URL: ledgerhook, SERVICE_TOKEN, CLERK_JWT_KEY }
    const init = { method: 'PUT', body, headers: { Authorization } }
    return (await app.request(`${ORIGIN}/api/images/h${id}`, init, env)).status
  })
})

test.skipIf(!isNextTested)('the Next.js example, as it is built, sells images for credits', async () => {
  const { SERVICE_TOKEN = '', CLERK_SECRET_KEY = '' } = shared()
  const env = {
    LEDGERHOOK_URL: ledgerhook,
    SERVICE_TOKEN,
    CLERK_SECRET_KEY,
    CLERK_API_URL: clerk,
    // The key names the frontend of an instance, which only a browser would call.
    NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY: `pk_test_${btoa('clerk.ledgerhook.test$')}`,
    NEXT_PUBLIC_CLERK_TELEMETRY_DISABLED: '1',
    NEXT_TELEMETRY_DISABLED: '1',
    NODE_ENV: 'production',
  }
  const port = String(await freePort())
  const flags = ['start', '--port', port, '--hostname', 'localhost']
  const next = start(join(NEXT, 'node_modules/next/dist/bin/next'), flags, NEXT, env)
  onTestFinished(async () => {
    next.process.kill()
    await next.ended
  })
  await next.printed('Ready')
  // Next.js uses this name itself, even if the address is given as a number.
  const at = (path: string, init: RequestInit = {}, Authorization = `Bearer ${token}`) =>
    fetch(`http://localhost:${port}${path}`, { redirect: 'manual', ...init, headers: { Authorization } })

  const back = await sellsImages(
    async (id, body, authorization) =>
      (await at(`/api/images/n${id}`, { method: 'PUT', body }, authorization)).status,
  )
  expect((await at('/')).status).toBe(200)
  expect((await at(back)).status).toBe(200)
  expect((await at('/billing/success')).headers.get('location')).toBe('/')
  expect((await at('/billing/cancelled')).headers.get('location')).toBe('/')
})
