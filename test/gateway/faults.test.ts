import { neon } from '@neondatabase/serverless'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startGateway } from '../../local/gateway/server.ts'
import { freePort } from '../../local/ports.ts'
import { query as direct } from '../../local/postgres/query.ts'
import { startPostgres } from '../../local/postgres.ts'
import { eventually, post, type Stack, startStack, temporaryDir } from './support.ts'

let stack: Stack
beforeAll(async () => {
  stack = await startStack()
  await direct(stack.url, 'CREATE TABLE entries (id int)')
})
afterAll(() => stack.stop())
beforeEach(async () => {
  await direct(stack.url, 'TRUNCATE entries')
})

const insert = () => neon(stack.url)`INSERT INTO entries VALUES (1)`

async function entries(): Promise<number> {
  return (await direct(stack.url, 'SELECT 1 FROM entries')).length
}

describe('faults', () => {
  it('before: the connection breaks and nothing ran', async () => {
    stack.gateway.fail(['before'])
    await expect(insert()).rejects.toThrow('Error connecting to database')
    expect(await entries()).toBe(0)
  })

  it('after_commit: the connection breaks and it ran', async () => {
    stack.gateway.fail(['after_commit'])
    await expect(insert()).rejects.toThrow('Error connecting to database')
    expect(await entries()).toBe(1)
  })

  it('half_answer: it ran, the headers came, and the body breaks off', async () => {
    stack.gateway.fail(['half_answer'])
    const response = await post(stack, { query: 'INSERT INTO entries VALUES (1)' })
    expect(response.status).toBe(200)
    await expect(response.text()).rejects.toThrow()
    expect(await entries()).toBe(1)
  })

  it('hang: no response comes and nothing ran', async () => {
    stack.gateway.fail(['hang'])
    const impatient = neon(stack.url, { fetchOptions: { signal: AbortSignal.timeout(100) } })
    await expect(impatient`INSERT INTO entries VALUES (1)`).rejects.toThrow('Error connecting to database')
    expect(await entries()).toBe(0)
  })

  it('unavailable: 500 and nothing ran', async () => {
    stack.gateway.fail(['unavailable'])
    await expect(insert()).rejects.toThrow('Server error (HTTP status 500)')
    expect(await entries()).toBe(0)
  })

  it('hit one request each, in order, and can be queued over HTTP', async () => {
    const url = stack.gateway.url.replace('/sql', '/faults')
    const queue = (body: unknown) => fetch(url, { method: 'POST', body: JSON.stringify(body) })
    expect((await queue({ next: ['none', 'unavailable'] })).status).toBe(200)
    await insert()
    await expect(insert()).rejects.toThrow('HTTP status 500')
    await insert()
    expect(await entries()).toBe(2)
  })

  it.each([
    '{bad',
    '{}',
    'null',
    '[]',
    '{"next": "none"}',
    '{"always": ["none"]}',
    '{"next": ["none"], "now": "none"}',
    '{"always": "none", "next": ["explode"]}',
  ])('a body that sets none names both ways and every fault: %s', async (body) => {
    const url = stack.gateway.url.replace('/sql', '/faults')
    const response = await fetch(url, { method: 'POST', body })
    const { message } = (await response.json()) as { message: string }
    expect([response.status, message]).toEqual([
      400,
      'takes {"next": ["before", …]} for the next requests, one each, or {"always": "before"} for all others: ' +
        'none, before, after_commit, half_answer, hang, unavailable',
    ])
    await insert()
  })

  it('or hit every request from now on, except those that have a fault of their own', async () => {
    const url = stack.gateway.url.replace('/sql', '/faults')
    const set = (body: unknown) => fetch(url, { method: 'POST', body: JSON.stringify(body) })
    await set({ always: 'unavailable', next: ['none'] })
    await insert()
    for (let request = 0; request < 3; request++) await expect(insert()).rejects.toThrow('HTTP status 500')
    expect((await set({ always: 'explode' })).status).toBe(400)
    await set({ always: 'none' })
    await insert()
    expect(await entries()).toBe(2)
  })
})

describe('a client that goes away', () => {
  const running = () =>
    direct(
      stack.url,
      "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep%'",
    )

  it.each(['single', 'batch'])('takes its running %s query with it', async (kind) => {
    const leaving = new AbortController()
    const sql = neon(stack.url, { fetchOptions: { signal: leaving.signal } })
    const sleeping =
      kind === 'single'
        ? sql`SELECT pg_sleep(60)`
        : sql.transaction([sql`INSERT INTO entries VALUES (1)`, sql`SELECT pg_sleep(60)`])
    const failed = expect(sleeping).rejects.toThrow()
    await eventually(async () => (await running()).length === 1)
    leaving.abort()
    await failed
    await eventually(async () => (await running()).length === 0)
    expect(await entries()).toBe(0)
    expect(await neon(stack.url)`SELECT 1 AS one`).toEqual([{ one: 1 }])
  })
})

describe('a database that goes away', () => {
  it('fails the query under way with 400 and its code, and serves the next', async () => {
    const sql = neon(stack.url)
    const sleeping = expect(sql`SELECT pg_sleep(60)`).rejects.toMatchObject({ code: '57P01' })
    const kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'"
    await eventually(async () => (await direct(stack.url, kill)).length === 1)
    await sleeping
    expect(await sql`SELECT 1 AS one`).toEqual([{ one: 1 }])
  })

  it('fails a batch that loses its connection between two statements with 400', async () => {
    const address = { host: '127.0.0.1', port: stack.postgres.port }
    const gateway = await startGateway({ port: 0, postgres: address, statementMs: 200 })
    const body = { queries: [{ query: 'SELECT 1' }] }
    const answer = post({ ...stack, gateway }, body)
    const kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction'"
    await eventually(async () => (await direct(stack.url, kill)).length === 1)
    expect((await answer).status).toBe(400)
    expect((await post({ ...stack, gateway }, body)).status).toBe(200)
    await gateway.stop()
  })

  it('survives the end of its idle connections', async () => {
    const sql = neon(stack.url)
    await sql`SELECT 1`
    await direct(
      stack.url,
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()',
    )
    await eventually(async () => (await post(stack, { query: 'SELECT 1' })).status === 200)
  })

  it('is out of reach while it is stopped, and serves again once it is back', async () => {
    const dataDir = await temporaryDir()
    const port = await freePort()
    const first = await startPostgres({ dataDir: dataDir.path, port })
    const gateway = await startGateway({ port: 0, postgres: { host: '127.0.0.1', port } })
    const ask = (query: string) => post({ ...stack, gateway, url: first.url() }, { query })
    expect((await ask('SELECT 1')).status).toBe(200)
    await first.stop()
    expect((await ask('SELECT 1')).status).toBe(500)
    const second = await startPostgres({ dataDir: dataDir.path, port })
    expect((await ask('SELECT 1')).status).toBe(200)
    await gateway.stop()
    await second.stop()
    await dataDir.remove()
  })

  it('returns 500 when there is nothing to connect to', async () => {
    const nowhere = await startGateway({ port: 0, postgres: { host: '127.0.0.1', port: 1 } })
    const response = await post({ ...stack, gateway: nowhere }, { query: 'SELECT 1' })
    expect(response.status).toBe(500)
    expect(await response.json()).toMatchObject({ message: expect.stringContaining('could not connect') })
    await nowhere.stop()
  })
})

describe('stopping', () => {
  it('does not wait for a client that still waits', async () => {
    const address = { host: '127.0.0.1', port: stack.postgres.port }
    const gateway = await startGateway({ port: 0, postgres: address })
    const waiting = expect(post({ ...stack, gateway }, { query: 'SELECT pg_sleep(61)' })).rejects.toThrow()
    const running = "SELECT 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(61)'"
    await eventually(async () => (await direct(stack.url, running)).length === 1)
    await gateway.stop()
    await waiting
    expect(await direct(stack.url, running)).toEqual([])
  })

  it('names the flag to change when the port is taken', async () => {
    const { port } = stack.gateway
    await expect(startGateway({ port, postgres: { host: '127.0.0.1', port: 1 } })).rejects.toThrow(
      new RegExp(
        `^port ${port} is in use by .+ \\(process ${process.pid}\\): .* another with --gateway-port`,
      ),
    )
  })
})
