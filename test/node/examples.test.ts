import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import app from '../../examples/hono/app.ts'
import { freePort } from '../../local/ports.ts'
import { type Command, makeDir, run, start } from './command.ts'

const ORIGIN = 'http://localhost:3000'

let cwd: string
let dev: Command
let ledgerhook: string
let token: string

beforeAll(async () => {
  cwd = makeDir()
  const port = await freePort()
  ledgerhook = `http://127.0.0.1:${port}`
  const flags = ['--port', port, '--pg-port', 'auto', '--gateway-port', 'auto', '--stripe-port', 'auto']
  const settings = [`APP_ORIGINS:${ORIGIN}`, `APP_URL:${ORIGIN}`].flatMap((one) => ['--var', one])
  dev = start('local/dev.ts', [...flags.map(String), '--clerk-port', 'auto', ...settings], cwd)
  await dev.printed('ready')
  token = (await run('local/token.ts', ['user_ada', '--origin', ORIGIN], cwd)).output
})

afterAll(async () => {
  dev.process.kill()
  await dev.ended
  rmSync(cwd, { recursive: true, force: true })
})

async function paint(id: string, prompt: string, authorization = `Bearer ${token}`) {
  const { SERVICE_TOKEN = '', CLERK_JWT_KEY = '' } = parseEnv(readFileSync(join(cwd, '.dev.vars'), 'utf8'))
  const env = { LEDGERHOOK_URL: ledgerhook, SERVICE_TOKEN, CLERK_JWT_KEY }
  const init = { method: 'PUT', body: prompt, headers: { Authorization: authorization } }
  return (await app.request(`/api/images/${id}`, init, env)).status
}

/** As the page's script asks it, in a browser at ORIGIN. */
async function ask(path: string, init: RequestInit = {}) {
  const headers = { Authorization: `Bearer ${token}`, Origin: ORIGIN }
  const response = await fetch(ledgerhook + path, { ...init, headers })
  expect(response.headers.get('access-control-allow-origin')).toBe(ORIGIN)
  return (await response.json()) as { id: string; url: string; balance: number; status: string }
}

const balance = async () => (await ask('/api/me')).balance

test('the Hono example sells images for credits: spend, 402, buy, come back, and give back what failed', async () => {
  expect(await paint('1', 'A harbour', 'Bearer nothing')).toBe(401)
  const before = await balance()
  if (before < 3) expect(await paint('1', 'A harbour')).toBe(402)

  const { id, url } = await ask('/api/checkout', { method: 'POST', body: '{"pack": "starter"}' })
  const paid = await fetch(url, { method: 'POST', body: 'with=card', redirect: 'manual' })
  expect(paid.headers.get('location')).toBe(`${ORIGIN}/billing/success?session_id=${id}`)
  expect(await ask(`/api/checkout/${id}`)).toMatchObject({ status: 'complete' })
  expect(await balance()).toBe(before + 500)

  expect(await paint('2', 'A harbour')).toBe(200)
  expect(await paint('2', 'A harbour')).toBe(200)
  expect(await balance()).toBe(before + 497)

  expect(await paint('3', ' ')).toBe(500)
  expect(await balance()).toBe(before + 497)
})
