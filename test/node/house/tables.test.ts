import { getTableConfig, PgTable } from 'drizzle-orm/pg-core'
import pg from 'pg'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { changedSignatures, schemaInStep, schemaOf } from '../../../local/check/schema.ts'
import { wrongSeals } from '../../../local/check/seals.ts'
import type { Stack } from '../../support/control.ts'
import { isSchema, sources } from './sources.ts'

const modules = await Promise.all(
  sources.filter(isSchema).map((path): Promise<object> => import(`../../../${path}`)),
)
const columns = modules
  .flatMap((module) => Object.values(module))
  .filter((exported) => exported instanceof PgTable)
  .flatMap((table) => {
    const { name, columns } = getTableConfig(table)
    return columns.map((column) => ({
      table: name,
      column: `${name}.${column.name}`,
      is: `${column.getSQLType().replace(' (', '(')}${column.notNull ? ' not null' : ''}`,
    }))
  })

const COLUMNS = `
  select relname || '.' || attname as column, format_type(atttypid, atttypmod) || case when attnotnull then ' not null' else '' end as is
  from pg_attribute join pg_class on pg_class.oid = attrelid
  where relnamespace = 'ledgerhook'::regnamespace and relkind = 'r' and attnum > 0 and not attisdropped`

/** What the migrations and functions make, as the tests migrate it. */
let schema: string
let migrated: Map<string, string>

beforeAll(async () => {
  const response = await fetch(`${inject('control')}/stack`, { method: 'POST' })
  const { databaseUrl } = (await response.json()) as Stack
  schema = await schemaOf(databaseUrl)
  const client = new pg.Client(databaseUrl)
  await client.connect()
  const { rows } = await client.query<{ column: string; is: string }>(COLUMNS)
  await client.end()
  migrated = new Map(rows.map(({ column, is }) => [column, is]))
})

describe('a column of a schema.ts', () => {
  it.each(columns)('$column is made by a migration', ({ column, is }) => {
    const lacks = `${column} lacks a migration: npm run generate -- --name what_changes`
    expect(migrated.get(column), lacks).toBe(is)
  })
})

describe('migrations', () => {
  it('make no column that its schema.ts does not have', () => {
    const [known, tables] = [columns.map(({ column }) => column), columns.map(({ table }) => table)]
    const ours = [...migrated.keys()].filter((column) => tables.includes(column.split('.')[0] ?? ''))
    expect(ours.filter((column) => !known.includes(column))).toEqual([])
  })

  it('are as they were sealed and committed', () => {
    const wrong = wrongSeals()
    expect(wrong, wrong.join('; ')).toEqual([])
  })

  it('and functions make schema.sql', () => {
    const wrong = schemaInStep(schema)
    expect(wrong, wrong.join('; ')).toEqual([])
  })

  it('change no signature of a function', () => {
    const wrong = changedSignatures(schema)
    expect(wrong, wrong.join('; ')).toEqual([])
  })
})
