import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort } from '../../local/ports.ts'
import type { Postgres } from '../../local/postgres.ts'
import { startTemporaryPostgres } from '../../local/temporary-postgres.ts'
import { type Command, makeDir, run, start } from './command.ts'

let postgres: Postgres
let studio: Command
let address: string
let port: number
const cwd = makeDir()
const tmp = join(cwd, 'tmp')

beforeAll(async () => {
  postgres = await startTemporaryPostgres('test')
  port = await freePort()
  address = `http://127.0.0.1:${port}/`
  mkdirSync(tmp)
  const env = { DATABASE_URL: postgres.url(), TMPDIR: tmp }
  studio = start('local/studio.ts', ['--port', String(port)], cwd, env)
  await studio.printed(`up and running on https://local.drizzle.studio?port=${port}`)
}, 120_000)

afterAll(async () => {
  studio?.process.kill()
  await studio?.ended
  await postgres?.stop()
  rmSync(cwd, { recursive: true, force: true })
}, 60_000)

const ask = (method: string, Origin?: string) =>
  fetch(address, {
    method,
    headers: {
      'Content-Type': 'application/json',
      'Access-Control-Request-Method': 'POST',
      ...(Origin && { Origin }),
    },
    ...(method === 'POST' && { body: '{"type":"init"}' }),
  })

test('Studio serves its own page', async () => {
  for (const origin of [undefined, 'https://local.drizzle.studio']) {
    const response = await ask('POST', origin)
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ dialect: 'postgresql' })
  }
})

test.each([
  'https://evil.example',
  'http://localhost:3000',
  'https://local.drizzle.studio.evil.example',
  'null',
])('Studio refuses what a page of %s asks', async (origin) => {
  for (const method of ['OPTIONS', 'POST']) {
    const response = await ask(method, origin)
    expect([response.status, await response.text()], method).toEqual([403, ''])
    expect(response.headers.get('Access-Control-Allow-Origin')).toBeNull()
  }
})

test('a port that is taken is said in one sentence', async () => {
  const again = await run('local/studio.ts', ['--port', String(port)], cwd, { DATABASE_URL: postgres.url() })
  expect(again.code).toBe(1)
  expect(again.output).toMatch(
    /^port \d+ is in use.*: stop what listens there, choose another with --port, or .+$/,
  )
})

test('Studio leaves nothing in the temporary directory', async () => {
  studio.process.kill()
  await studio.ended
  expect(readdirSync(tmp)).toEqual([])
})
