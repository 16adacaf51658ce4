import { neon } from '@neondatabase/serverless'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startGateway } from '../../local/gateway/server.ts'
import { query as direct } from '../../local/postgres/query.ts'
import { post, type Stack, startStack } from './support.ts'

let stack: Stack
beforeAll(async () => {
  stack = await startStack()
  await direct(stack.url, 'CREATE TABLE entries (id int PRIMARY KEY)')
})
afterAll(() => stack.stop())
beforeEach(async () => {
  await direct(stack.url, 'TRUNCATE entries')
  stack.gateway.resetStats()
})

describe('a batch', () => {
  it('commits all of it', async () => {
    const sql = neon(stack.url)
    const results = await sql.transaction([sql`INSERT INTO entries VALUES (1)`, sql`SELECT id FROM entries`])
    expect(results).toEqual([[], [{ id: 1 }]])
    expect(await direct(stack.url, 'SELECT id FROM entries')).toEqual([{ id: 1 }])
  })

  it('rolls all of it back at the first error, and has released its locks when it responds', async () => {
    const sql = neon(stack.url)
    const twice = [sql`INSERT INTO entries VALUES (1)`, sql`INSERT INTO entries VALUES (1)`, sql`SELECT 1`]
    await expect(sql.transaction(twice)).rejects.toMatchObject({ code: '23505' })
    expect(stack.gateway.stats()).toEqual({ requests: 1, statements: 4 })
    expect(await direct(stack.url, "SELECT 1 FROM pg_locks WHERE relation = 'entries'::regclass")).toEqual([])
    expect(await direct(stack.url, 'SELECT id FROM entries')).toEqual([])
  })

  it('reports a constraint that only the commit checks', async () => {
    await direct(stack.url, 'CREATE TABLE late (id int UNIQUE DEFERRABLE INITIALLY DEFERRED)')
    const sql = neon(stack.url)
    const twice = [sql`INSERT INTO late VALUES (1)`, sql`INSERT INTO late VALUES (1)`]
    await expect(sql.transaction(twice)).rejects.toMatchObject({ code: '23505' })
    expect(await direct(stack.url, 'SELECT id FROM late')).toEqual([])
  })

  it('runs at the isolation level asked for, read only and deferrable', async () => {
    const sql = neon(stack.url)
    const settings = sql`SELECT current_setting('transaction_isolation') AS isolation,
      current_setting('transaction_read_only') AS read_only,
      current_setting('transaction_deferrable') AS deferrable`
    const [strict] = await sql.transaction([settings], {
      isolationLevel: 'Serializable',
      readOnly: true,
      deferrable: true,
    })
    expect(strict).toEqual([{ isolation: 'serializable', read_only: 'on', deferrable: 'on' }])
    const [plain] = await sql.transaction([settings], { readOnly: false, deferrable: false })
    expect(plain).toEqual([{ isolation: 'read committed', read_only: 'off', deferrable: 'off' }])
    await expect(
      sql.transaction([sql`INSERT INTO entries VALUES (1)`], { readOnly: true }),
    ).rejects.toMatchObject({
      code: '25006',
    })
  })

  it('echoes its options, and counts a flag only when it is exactly "true"', async () => {
    const body = { queries: [{ query: 'SELECT 1' }] }
    const { headers } = await post(stack, body, {
      'Neon-Batch-Isolation-Level': 'RepeatableRead',
      'Neon-Batch-Read-Only': 'true',
      'Neon-Batch-Deferrable': '1',
    })
    expect(headers.get('neon-batch-isolation-level')).toBe('RepeatableRead')
    expect(headers.get('neon-batch-read-only')).toBe('true')
    expect(headers.get('neon-batch-deferrable')).toBeNull()
  })

  it.each(['Strict', 'serializable', 'toString'])('refuses the isolation level %s', async (level) => {
    const body = { queries: [{ query: 'SELECT 1' }] }
    const response = await post(stack, body, { 'Neon-Batch-Isolation-Level': level })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ message: 'invalid isolation level' })
  })
})

describe('a transaction that a query leaves open', () => {
  it('is not passed on to the next request', async () => {
    const sql = neon(stack.url)
    await sql`BEGIN`
    await sql`INSERT INTO entries VALUES (1)`
    expect(await direct(stack.url, 'SELECT id FROM entries')).toEqual([{ id: 1 }])
  })
})

describe('the counters', () => {
  it('count one statement for a single query, and BEGIN and COMMIT for a batch', async () => {
    const sql = neon(stack.url)
    await sql`SELECT 1`
    expect(stack.gateway.stats()).toEqual({ requests: 1, statements: 1 })
    stack.gateway.resetStats()
    await sql.transaction([sql`SELECT 1`, sql`SELECT 2`])
    expect(stack.gateway.stats()).toEqual({ requests: 1, statements: 4 })
  })

  it('can be read and reset over HTTP', async () => {
    const base = stack.gateway.url.replace('/sql', '/stats')
    await neon(stack.url)`SELECT 1`
    expect(await (await fetch(base)).json()).toEqual({ requests: 1, statements: 1 })
    expect((await fetch(`${base}/reset`, { method: 'POST' })).ok).toBe(true)
    expect(await (await fetch(base)).json()).toEqual({ requests: 0, statements: 0 })
  })
})

describe('added latency', () => {
  it('is paid once a request, and once for every statement that the database sees', async () => {
    const address = { host: '127.0.0.1', port: stack.postgres.port }
    const slow = await startGateway({ port: 0, postgres: address, rttMs: 100, statementMs: 50 })
    try {
      const started = performance.now()
      const response = await post({ ...stack, gateway: slow }, { queries: [{ query: 'SELECT 1' }] })
      expect(response.status).toBe(200)
      // 100 + 3 × 50, with a tolerance because timers may fire early.
      expect(performance.now() - started).toBeGreaterThan(240)
    } finally {
      await slow.stop()
    }
  })
})
