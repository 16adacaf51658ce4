import * as cut from '@neondatabase/serverless'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { IMPORTED } from '../../cli/sdk/imported.ts'
import * as whole from '../../node_modules/@neondatabase/serverless/index.mjs'

type Driver = Pick<typeof whole, 'neon' | 'neonConfig' | 'NeonDbError'>
type Sql = ReturnType<Driver['neon']>

const ROLE = 'postgres://role:secret@ep-quiet-fog-1.eu-central-1.aws.neon.tech/app?sslmode=require'

const field = (name: string, dataTypeID: number) => ({ name, dataTypeID, format: 'text' })
const FOUND = {
  command: 'SELECT',
  rowCount: 2,
  rowAsArray: true,
  fields: [
    field('id', 20),
    field('paid', 16),
    field('at', 1184),
    field('day', 1082),
    field('facts', 3802),
    field('names', 1009),
    field('bytes', 17),
    field('share', 1700),
    field('ratio', 701),
    field('none', 25),
  ],
  rows: [
    [
      '9007199254740993',
      't',
      '2026-11-26 07:00:00.123+00',
      '2026-11-26',
      '{"a": [1, {"b": null}]}',
      '{"a,b",NULL,"c\\"d"}',
      '\\xdeadbeef',
      '12.50',
      '1e-7',
      null,
    ],
    ['-1', 'f', 'infinity', '0044-03-15 BC', '"text"', '{}', '\\x', 'NaN', '-Infinity', ''],
  ],
}

const json =
  (body: unknown, status = 200) =>
  () =>
    Response.json(body, { status })
const responses: Record<string, () => Response> = {
  rows: json(FOUND),
  transaction: json({ results: [FOUND, FOUND] }),
  'an error of Postgres': json(
    { message: 'duplicate key', code: '23505', detail: '(id)=(1)', constraint: 'users_pkey', routine: '_bt' },
    400,
  ),
  'an error of the proxy': () => new Response('overloaded', { status: 503 }),
  'no response': () => {
    throw new TypeError('network')
  },
  'what is no JSON': () => new Response('<html>'),
}

const given = [
  'text',
  7,
  7n,
  true,
  null,
  undefined,
  Number.NaN,
  new Date(0),
  { a: [1] },
  [1, 'b"', null, ['c']],
  new Uint8Array([1, 2, 255]),
  new Uint16Array([258]),
  { toPostgres: () => 'itself' },
]
const uses: Record<string, (sql: Sql, driver: Driver) => unknown> = {
  'a query': (sql) => sql.query('select $1', ['a']),
  'each kind of parameter': (sql) => sql.query('select …', given as unknown[]),
  'a template within a template': (sql) => sql`select ${1} ${sql`from ${sql.unsafe('users')} where ${'x'}`}`,
  'full results as arrays': (sql) => sql.query('select', [], { fullResults: true, arrayMode: true }),
  'a transaction': (sql) =>
    sql.transaction([sql`select ${1}`, sql.query('select $1', [2])], {
      isolationLevel: 'Serializable',
      readOnly: true,
    }),
  'options of a fetch': (sql) =>
    sql.query('select', [], { fetchOptions: { redirect: 'manual', headers: { 'x-mine': '1' } } }),
  'a connection string that is none': (_, { neon }) => neon('mysql://x').query('select 1'),
  'a function called as a query': (sql) => (sql as unknown as (text: string) => unknown)('select 1'),
}

/** Returns the driver's request and its result, including all members of an error. */
async function play(driver: Driver, use: string, response: string) {
  const asked: unknown[] = []
  driver.neonConfig.fetchFunction = async (url: string, { headers, ...init }: RequestInit) => {
    asked.push([url, { ...(headers as object) }, init])
    return responses[response]?.()
  }
  const run = async () => await uses[use]?.(driver.neon(ROLE), driver)
  const result = await run().catch((error: Error) => ({
    ...error,
    name: error.name,
    message: error.message,
    isOurs: error instanceof driver.NeonDbError,
  }))
  return { asked, result: withoutParsers(result) }
}

/** Leaves out functions, because those of another copy of the driver are never equal. */
function withoutParsers(result: unknown) {
  const { _parsers, _types, ...rest } = (result ?? {}) as Record<string, unknown>
  return _types ? rest : result
}

afterEach(() => vi.restoreAllMocks())

describe("Neon's driver as it is bundled, beside the whole of it", () => {
  const cases = Object.keys(uses).flatMap((use) => Object.keys(responses).map((name) => [use, name] as const))
  it.each(cases)('does the same with %s and %s', async (use, response) => {
    expect(await play(cut, use, response)).toEqual(await play(whole, use, response))
  })

  it('reads rows', async () => {
    const { asked, result } = await play(cut, 'a query', 'rows')
    expect(asked).toEqual([
      ['https://api.eu-central-1.aws.neon.tech/sql', expect.anything(), expect.anything()],
    ])
    expect(result).toMatchObject([
      { paid: true, facts: { a: [1, { b: null }] } },
      { id: '-1', paid: false },
    ])
  })

  it('finds the same endpoint, and takes another', async () => {
    for (const driver of [cut, whole]) {
      driver.neonConfig.fetchFunction = async (url: string) => Response.json({ ...FOUND, rows: [], url })
      const ask = () => driver.neon(ROLE).query('select 1', [], { fullResults: true })
      expect(await ask()).toMatchObject({ url: 'https://api.eu-central-1.aws.neon.tech/sql' })
      driver.neonConfig.fetchEndpoint = 'http://127.0.0.1:1/sql'
      expect(await ask()).toMatchObject({ url: 'http://127.0.0.1:1/sql' })
    }
  })

  it('has what the Worker imports, and no client for WebSockets', () => {
    expect(Object.keys(cut).sort()).toEqual([...IMPORTED].sort())
    expect(Object.keys(whole)).toEqual(expect.arrayContaining([...IMPORTED, 'Client', 'Pool']))
  })
})
