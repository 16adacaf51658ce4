import { neon } from '@neondatabase/serverless'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { query as direct } from '../../local/postgres/query.ts'
import { post, type Stack, startStack } from './support.ts'

const LIMIT = 10 * 1024 * 1024

let stack: Stack
beforeAll(async () => {
  stack = await startStack()
})
afterAll(() => stack.stop())

async function values(body: unknown, headers: Record<string, string> = {}): Promise<unknown> {
  const response = await post(stack, body, headers)
  expect(response.status).toBe(200)
  return ((await response.json()) as { rows: unknown[] }).rows[0]
}

describe('parameters', () => {
  it.each([
    [true, 'true'],
    [1.5, '1.5'],
    [{ a: 'b' }, '{"a":"b"}'],
    ['as "it" is', 'as "it" is'],
    [null, null],
    [[true, null, 'NULL', 42, 'q"-\\'], '{true,NULL,"NULL",42,"q\\"-\\\\"}'],
    [
      [
        [1, 2],
        [null, 'x'],
      ],
      '{{1,2},{NULL,"x"}}',
    ],
    [[{ foo: 1 }], '{"{\\"foo\\":1}"}'],
  ])('prints %j as Postgres text', async (param, expected) => {
    expect(await values({ query: 'SELECT $1::text AS v', params: [param] })).toEqual({ v: expected })
  })
})

describe('output', () => {
  const query = `SELECT true AS b, 1::int2 AS i, 2::int8 AS l, 1.5::float8 AS f, 'NaN'::float4 AS n,
    NULL AS z,
    '{"a": 12345678901234567890}'::jsonb AS j, '{{1,NULL},{3,4}}'::int[] AS a, '[2:3]={t,f}'::bool[] AS s,
    array['x', 'NULL', 'q"\\', NULL, ''] AS t, '{}'::text[] AS e, array['{"k": "v"}'::jsonb] AS ja`

  it('converts the types that JSON has, and leaves the rest as strings', async () => {
    expect(await values({ query })).toEqual({
      b: true,
      i: 1,
      l: '2',
      f: 1.5,
      n: 'NaN',
      z: null,
      j: expect.anything(),
      a: [
        [1, null],
        [3, 4],
      ],
      s: [true, false],
      t: ['x', 'NULL', 'q"\\', null, ''],
      e: [],
      ja: [{ k: 'v' }],
    })
    expect(await (await post(stack, { query })).text()).toContain('{"a": 12345678901234567890}')
  })

  it('sends raw text when asked to, and only for exactly "true"', async () => {
    const one = { query: 'SELECT 1 AS v' }
    expect(await values(one, { 'Neon-Raw-Text-Output': 'true' })).toEqual({ v: '1' })
    expect(await values(one, { 'Neon-Raw-Text-Output': 'TRUE' })).toEqual({ v: 1 })
  })

  it('sends rows as arrays by header, and lets the query overrule it', async () => {
    const header = { 'Neon-Array-Mode': 'true' }
    expect(await values({ query: 'SELECT 1, 2' }, header)).toEqual([1, 2])
    expect(await values({ query: 'SELECT 1 AS v', arrayMode: false }, header)).toEqual({ v: 1 })
    expect(await values({ query: 'SELECT 1', arrayMode: true })).toEqual([1])
  })
})

describe('CORS', () => {
  it('allows a preflight, and lets a page of this machine read every response', async () => {
    const preflight = await fetch(stack.gateway.url, { method: 'OPTIONS' })
    expect(preflight.status).toBe(200)
    expect(preflight.headers.get('access-control-allow-headers')).toContain('Neon-Connection-String')
    const answers = [preflight, await post(stack, { query: 'SELECT 1' }), await post(stack, 'nonsense')]
    for (const answer of answers) expect(answer.headers.get('access-control-allow-origin')).toBe('*')
    for (const Origin of ['http://localhost:3000', 'http://127.0.0.1:8787', 'http://[::1]:3000'])
      expect((await post(stack, { query: 'SELECT 1' }, { Origin })).status).toBe(200)
  })

  it.each(['https://evil.example', 'http://localhost.evil.example', 'http://127.0.0.1.evil.example', 'null'])(
    'refuses what a page of %s asks, whose statement is not run',
    async (Origin) => {
      const query = 'CREATE TABLE from_elsewhere ()'
      expect((await post(stack, { query }, { Origin })).status).toBe(403)
      for (const [method, path] of [
        ['OPTIONS', '/sql'],
        ['GET', '/stats'],
        ['POST', '/faults'],
      ] as const) {
        const address = new URL(path, stack.gateway.url)
        expect((await fetch(address, { method, headers: { Origin } })).status, path).toBe(403)
      }
      expect(await values({ query: "SELECT to_regclass('from_elsewhere') AS v" })).toEqual({ v: null })
    },
  )
})

describe('in a browser', () => {
  it('says what the address is for', async () => {
    for (const path of ['/', '/sql']) {
      const page = await fetch(new URL(path, stack.gateway.url), {
        headers: { Accept: 'text/html,*/*;q=0.8' },
      })
      expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8'])
      expect(await page.text()).toContain('npm run studio')
    }
    expect((await fetch(stack.gateway.url)).status).toBe(400)
  })
})

describe('errors of Postgres', () => {
  it('come with every field that Postgres gave', async () => {
    await direct(stack.url, 'CREATE TABLE taken (id int CONSTRAINT taken_id UNIQUE)')
    const sql = neon(stack.url)
    await sql`INSERT INTO taken VALUES (1)`
    await expect(sql`INSERT INTO taken VALUES (1)`).rejects.toMatchObject({
      name: 'NeonDbError',
      code: '23505',
      severity: 'ERROR',
      detail: 'Key (id)=(1) already exists.',
      schema: 'public',
      table: 'taken',
      constraint: 'taken_id',
      routine: '_bt_check_unique',
    })
  })

  it('have null for what Postgres left out', async () => {
    const response = await post(stack, { query: 'SELECT nonsense' })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({
      code: '42703',
      position: '8',
      hint: null,
      constraint: null,
    })
  })

  it('include the statement timeout', async () => {
    const sql = neon(stack.url)
    const slow = sql.transaction([sql`SET LOCAL statement_timeout = 30`, sql`SELECT pg_sleep(10)`])
    await expect(slow).rejects.toMatchObject({ code: '57014' })
  })

  it('include several statements in one string', async () => {
    await expect(neon(stack.url).query('SELECT 1; SELECT 2')).rejects.toMatchObject({ code: '42601' })
  })

  it('include COPY, which leaves the connection usable', async () => {
    const sql = neon(stack.url)
    await sql`CREATE TABLE copied (id int)`
    await expect(sql.transaction([sql`COPY copied FROM STDIN`])).rejects.toMatchObject({ code: '57014' })
    expect(await sql`SELECT 1 AS one`).toEqual([{ one: 1 }])
  })
})

describe('refusals', () => {
  it.each([
    ['a wrong password', 'postgresql://postgres:wrong@host/ledgerhook', '28P01'],
    ['an unknown role', 'postgresql://nobody:postgres@host/ledgerhook', '28P01'],
    ['an unknown database', 'postgresql://postgres:postgres@host/nowhere', '3D000'],
  ])('refuses %s with 400 and the code of Postgres', async (_case, url, code) => {
    await expect(neon(url)`SELECT 1`).rejects.toMatchObject({ code })
  })

  it.each([
    '',
    'nonsense',
    'mysql://u:p@h/d',
    'postgresql://h/d',
    'postgresql://u:p@h',
    'postgresql://%:p@h/d',
  ])('returns 400 for the connection string "%s"', async (header) => {
    const response = await post(stack, { query: 'SELECT 1' }, { 'Neon-Connection-String': header })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ message: expect.any(String), code: null })
  })

  it('returns 400 for a missing connection string', async () => {
    const response = await fetch(stack.gateway.url, { method: 'POST', body: '{"query":"SELECT 1"}' })
    expect(response.status).toBe(400)
  })

  it.each([
    '',
    '[]',
    'null',
    '{"query": 1}',
    '{"queries": {}}',
    '{"query": "SELECT $1", "params": 1}',
    '{"queries": [1]}',
  ])('returns 400 for the body %s', async (body) => {
    expect((await post(stack, body)).status).toBe(400)
  })

  it('returns 400 for half a surrogate pair, as the proxy does, and accepts whole ones', async () => {
    const half = await post(stack, '{"query": "SELECT $1", "params": ["\\ud800"]}')
    expect(half.status).toBe(400)
    const whole = '{"query": "SELECT $1::text AS v", "params": ["\\ud83d\\ude00 \\\\ud800"]}'
    expect(await values(whole)).toEqual({ v: '😀 \\ud800' })
  })

  it('returns 413 for a request above the limit', async () => {
    const large = neon(stack.url).query('SELECT length($1)', ['x'.repeat(LIMIT)])
    await expect(large).rejects.toThrow(
      `HTTP status 413): {"message":"request is too large (max is ${LIMIT} bytes)`,
    )
  })

  it('returns 507 instead of a response above the limit, without waiting for its end', async () => {
    const endless = neon(stack.url)`SELECT repeat('x', 1000), generate_series(1, 1000000000)`
    await expect(endless).rejects.toThrow('HTTP status 507')
    expect(await neon(stack.url)`SELECT 1 AS one`).toEqual([{ one: 1 }])
  })

  it('returns 400 for a path that it does not know', async () => {
    expect((await fetch(stack.gateway.url.replace('/sql', '/nowhere'))).status).toBe(400)
  })
})
