import { execFileSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { hashOf } from '../../cli/migrate/hash.ts'
import { statementsOf } from '../../cli/migrate/statements.ts'
import { signatures } from '../../cli/schema/print.ts'
import { seal, wrongSeals } from '../../local/check/seals.ts'
import { folderOf } from '../support/cluster.ts'

/** A repository in which one migration is sealed and committed. */
function repository() {
  const dir = folderOf({ 'migrations/0000_tables.sql': 'create table a (id text);\n' })
  onTestFinished(() => rmSync(dir, { recursive: true }))
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=ada', '-c', 'user.email=ada@example.com', ...args], { cwd: dir })
  const commit = (subject: string) => {
    git('add', '--all')
    git('commit', '--quiet', '--message', subject)
  }
  const write = (name: string, text: string) => writeFileSync(join(dir, 'migrations', name), text)
  git('init', '--quiet', '--initial-branch', 'main')
  seal(dir)
  commit('tables')
  return { dir, write, commit }
}

const CHANGED = 'create table a (id text, more text);\n'

describe('a migration that was committed', () => {
  it('is as it was sealed, also with other ends of lines', () => {
    const { dir, write } = repository()
    expect(wrongSeals(dir)).toEqual([])
    write('0000_tables.sql', 'create table a (id text);\r\n')
    expect(wrongSeals(dir)).toEqual([])
  })

  it('is not changed', () => {
    const { dir, write } = repository()
    write('0000_tables.sql', CHANGED)
    expect(wrongSeals(dir)).toEqual([
      expect.stringContaining('0000_tables.sql has changed since it was sealed'),
    ])
    expect(() => seal(dir)).toThrow('0000_tables.sql was committed with another text')
  })

  it('is not changed together with its seal, in the working tree or by a later commit', () => {
    const { dir, write, commit } = repository()
    write('0000_tables.sql', CHANGED)
    write('sealed.json', JSON.stringify({ '0000_tables': hashOf(CHANGED) }))
    const wrong = [expect.stringContaining('0000_tables.sql was committed with another text')]
    expect(wrongSeals(dir)).toEqual(wrong)
    commit('both')
    expect(wrongSeals(dir)).toEqual(wrong)
  })

  it('is not removed', () => {
    const { dir } = repository()
    rmSync(join(dir, 'migrations/0000_tables.sql'))
    writeFileSync(join(dir, 'migrations/sealed.json'), '{}')
    expect(wrongSeals(dir)).toEqual([expect.stringContaining('0000_tables.sql was committed and is gone')])
  })
})

describe('a migration that is new', () => {
  it('is sealed by generate, and again after an edit', () => {
    const { dir, write } = repository()
    write('0001_more.sql', 'create table b (id text);')
    expect(wrongSeals(dir)).toEqual(['migrations/0001_more.sql is not sealed: npm run generate'])
    seal(dir)
    expect(wrongSeals(dir)).toEqual([])
    write('0001_more.sql', 'create table b (id bigint);')
    seal(dir)
    expect(wrongSeals(dir)).toEqual([])
  })
})

describe('statements of a SQL file', () => {
  it.each([
    ['a; b ;; c', ['a', 'b', 'c']],
    ['-- no; not\na /* nor; this */ b; c', ['a b', 'c']],
    [`a 'x; ''y;' b; c`, [`a '' b`, 'c']],
    [`a e'x\\'; y' b; c`, [`a '' b`, 'c']],
    ['a "x;""y" b; c', ['a "x;""y" b', 'c']],
    ['a $$ x; y $$ b; c $f$ z; $$ ; $f$ d', ['a $$ b', 'c $$ d']],
    ['a $1 - $2 / 3; b', ['a $1 - $2 / 3', 'b']],
  ])('%s', (sql, outlines) => {
    expect(statementsOf(sql).map(({ outline }) => outline)).toEqual(outlines)
  })

  it('know their lines', () => {
    const sql = '-- why\n\ncreate a\n  $$\n$$;\n\n/* and\n*/ create b;'
    expect(statementsOf(sql).map(({ line }) => line)).toEqual([3, 8])
  })
})

describe('schema.sql', () => {
  it('names the signature of each function', () => {
    const printed = 'create function ledgerhook.a(facts jsonb) returns jsonb\n  language plpgsql volatile;\n'
    expect([...signatures(printed)]).toEqual([['ledgerhook.a', '(facts jsonb) returns jsonb']])
  })
})
