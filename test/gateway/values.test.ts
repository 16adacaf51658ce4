import { neon } from '@neondatabase/serverless'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Stack, startStack } from './support.ts'

let stack: Stack
beforeAll(async () => {
  stack = await startStack()
})
afterAll(() => stack.stop())

async function roundTrip(type: string, value: unknown): Promise<unknown> {
  const rows = await neon(stack.url).query(`SELECT $1::${type} AS value`, [value])
  return rows[0]?.value
}

describe('values through the driver', () => {
  it.each([
    ['bigint', '9007199254740993', '9007199254740993'],
    ['numeric', '12345678901234567890.123456789', '12345678901234567890.123456789'],
    ['int', 42, 42],
    ['float8', -0.1, -0.1],
    ['float8', 'NaN', Number.NaN],
    ['bool', true, true],
    ['text', 'a "quoted" \\ back\nslash ❤', 'a "quoted" \\ back\nslash ❤'],
    ['text', '', ''],
    ['text', null, null],
    ['jsonb', { a: [1, { b: null }], c: 'x"y' }, { a: [1, { b: null }], c: 'x"y' }],
    ['timestamptz', '2026-01-02T03:04:05.678Z', new Date('2026-01-02T03:04:05.678Z')],
    ['bytea', Buffer.from([0, 1, 254, 255]), Buffer.from([0, 1, 254, 255])],
    ['text[]', ['a', null, 'NULL', '', '{,}', 'q"\\'], ['a', null, 'NULL', '', '{,}', 'q"\\']],
    [
      'int[]',
      [
        [1, 2],
        [3, 4],
      ],
      [
        [1, 2],
        [3, 4],
      ],
    ],
    ['int[]', [], []],
  ])('keeps a %s of %j', async (type, value, expected) => {
    expect(await roundTrip(type, value)).toEqual(expected)
  })

  it('has fields, command and row count of a full result', async () => {
    const sql = neon(stack.url, { fullResults: true })
    const result = await sql`SELECT 1::int8 AS one, 'x'::text AS two`
    expect(result).toMatchObject({ command: 'SELECT', rowCount: 1, rows: [{ one: '1', two: 'x' }] })
    expect(result.fields[0]).toEqual({
      name: 'one',
      dataTypeID: 20,
      tableID: 0,
      columnID: 0,
      dataTypeSize: 8,
      dataTypeModifier: -1,
      format: 'text',
    })
  })

  it('keeps the fields of an empty result, and has no row count where the command has none', async () => {
    const sql = neon(stack.url, { fullResults: true })
    const empty = await sql`SELECT 1 AS one WHERE false`
    expect(empty).toMatchObject({ rows: [], rowCount: 0, fields: [{ name: 'one' }] })
    const created = await sql`CREATE TABLE made (id int)`
    expect(created).toMatchObject({ rows: [], rowCount: null, command: 'CREATE', fields: [] })
    expect(await sql`INSERT INTO made VALUES (1), (2)`).toMatchObject({ command: 'INSERT', rowCount: 2 })
  })
})

describe('values in a batch', () => {
  it('are written and read back, of every kind of column', async () => {
    const sql = neon(stack.url)
    await sql`CREATE TABLE things
      (id bigint PRIMARY KEY, price numeric, data jsonb, at timestamptz, tags text[], raw bytea)`
    const thing = [
      '9007199254740993',
      '0.10',
      { nested: ['"', '\\'] },
      new Date('2026-05-06T07:08:09.010Z'),
      ['a,b', '"', '\\', '{}'],
      Buffer.from('00ff', 'hex'),
    ]
    const insert = sql.query('INSERT INTO things VALUES ($1, $2, $3, $4, $5, $6)', thing)
    const batch = [insert, sql`SELECT * FROM things`]
    const [, found] = await sql.transaction(batch, { arrayMode: true, fullResults: true })
    expect(found?.rows).toEqual([thing])
  })
})
