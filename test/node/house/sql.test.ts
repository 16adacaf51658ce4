import { describe, expect, inject, it } from 'vitest'
import { query } from '../../../local/postgres/query.ts'
import { isBelow } from './drawing.ts'
import {
  besides,
  byName,
  calledBy,
  callsIn,
  changesNothing,
  functions,
  isSql,
  isTrigger,
  runsAsOwner,
  type SqlFunction,
  tables,
  tablesOf,
} from './functions.ts'
import { read, sources, sqlFiles } from './sources.ts'

const names = (of: SqlFunction[]) => of.map(({ name }) => name).sort()
const lines = (text: string) => text.trim().split('\n').length

describe.each(sqlFiles)('%s', (path) => {
  it('has functions, and nothing else', () => {
    expect(besides(read(path))).toBe('')
    expect(functions.filter((one) => one.path === path)).not.toEqual([])
  })
})

describe('names', () => {
  it('are each of one function, for the callers name no types', () => {
    expect(functions.length).toBe(byName.size)
  })
})

const PATH = 'set search_path = pg_catalog, ledgerhook, pg_temp'

/** Words that look like calls but are grammar. */
const GRAMMAR =
  /^(all|and|any|array|as|between|case|coalesce|else|exists|filter|from|greatest|in|least|not|nullif|or|over|select|then|values|when|where)$/

describe('the search path', () => {
  it.each(functions.filter((one) => !isSql(one)))('of $name is pinned', ({ head }) => {
    expect(head).toContain(`\n${PATH}`.trim())
  })

  it.each(functions.filter(isSql))(
    'of $name is its caller’s, which is pinned: it names everything in full, and nothing else calls it',
    (one) => {
      expect(one.head).not.toMatch(/\bset\b/)
      expect(runsAsOwner(one) || isTrigger(one)).toBe(false)
      const unqualified = [...one.does.matchAll(/(?<![.\w])(\w+)\s*\(/g)].map(([, name = '']) => name)
      expect(unqualified.filter((name) => !byName.has(name) && !GRAMMAR.test(name))).toEqual([])
      expect(one.does).not.toMatch(/\b(from|join)\b/)
      expect(functions.some((other) => calledBy(other).includes(one))).toBe(true)
    },
  )
})

describe('calls and tables', () => {
  it.each(functions)('of $name go down the rooms of the drawing', (one) => {
    const up = (room = '') => room !== one.room && !isBelow(room, one.room)
    const calls = calledBy(one).filter(({ room }) => up(room))
    const touched = tablesOf(one).filter((table) => up(tables.get(table)))
    expect({ calls: names(calls), tables: touched }).toEqual({ calls: [], tables: [] })
  })

  it('are found: spending takes locks, reads the wallet and writes the ledger', () => {
    const spend = byName.get('spend') as SqlFunction
    expect(names(calledBy(spend))).toContain('lock_subjects')
    expect(tablesOf(spend)).toEqual(['wallets', 'credit_ledger'])
  })

  it('are of what exists: Postgres itself looks only when it runs them', async () => {
    const called = functions.flatMap(({ declares, does }) => [
      ...`${declares}\n${does}`.matchAll(/(?<!\bas |\) |ledgerhook\.|\w)(\w+)\s*\(/g),
    ])
    const others = [...new Set(called.map(([, name = '']) => name))].filter(
      (name) => !byName.has(name) && !tables.has(name),
    )
    const { databaseUrl } = await (await fetch(`${inject('control')}/stack`, { method: 'POST' })).json()
    const missing = await query<{ name: string }>(
      databaseUrl,
      `select name from unnest($1::text[]) name where not exists (
        select from pg_proc where proname = name and pronamespace = 'pg_catalog'::regnamespace)
        and name not in (select word from pg_get_keywords())`,
      [others],
    )
    expect(missing.map(({ name }) => name)).toEqual([])
  })

  it('go in no circle', () => {
    const reached = (from: SqlFunction, seen = new Set<SqlFunction>()): Set<SqlFunction> => {
      for (const called of calledBy(from).filter((one) => !seen.has(one))) reached(called, seen.add(called))
      return seen
    }
    expect(names(functions.filter((one) => reached(one).has(one)))).toEqual([])
  })

  it('by a name that is stored run only what stands in the table of verbs', () => {
    const dynamic = functions.filter(({ does }) => /\bexecute\b/.test(does))
    expect(names(dynamic)).toEqual(['run_verb', 'run_verbs', 'subjects_of', 'subjects_of_all'])
    for (const { body } of dynamic) {
      expect(body.match(/\bexecute\b/g)).toHaveLength(1)
      expect(body).toMatch(
        /select name into strict verb from verbs where name = [\s\S]+execute format\('select [^']*ledgerhook\.%I|format\('when %L then ledgerhook\.%I[^']*', name, name[\s\S]+from verbs where name = any[\s\S]+execute format\('select /,
      )
    }
  })
})

describe('advisory locks', () => {
  it('are taken by lock_subjects alone', () => {
    expect(names(functions.filter(({ body }) => /pg_(try_)?advisory/.test(body)))).toEqual(['lock_subjects'])
    expect(sources.filter((path) => /pg_(try_)?advisory/.test(read(path)))).toEqual([])
  })
})

describe('payloads', () => {
  it('are read by readable_payload alone, and written where they are recorded, given up, erased or expired', () => {
    expect(names(functions.filter(({ does }) => /\bpayload\b/.test(does)))).toEqual(
      ['readable_payload', 'record_delivery', 'give_up', 'erase_payloads', 'expire_payloads'].sort(),
    )
  })

  it('do not leave in a whole row that is made into a document', () => {
    const wholeRows = functions.filter(({ declares, does, parameters }) => {
      const rows = [...declares.matchAll(/(\w+) webhook_events\b/g)].map(([, name]) => name)
      for (const { name, type } of parameters) if (type === 'webhook_events') rows.push(name)
      return rows.some((row) =>
        new RegExp(`\\b(to_jsonb?|row_to_json|jsonb?_agg)\\(${row}\\b(?!\\.)`).test(does),
      )
    })
    expect(names(wholeRows)).toEqual([])
  })
})

const WRITES = /\b(insert into|update (?!of\b|skip\b)\w+|delete from|truncate|set_config|nextval)\b/

describe('what is declared', () => {
  it.each(functions.filter(({ declares }) => declares.includes(':=')))(
    'in $name has no effect',
    ({ declares }) => {
      expect(declares).not.toMatch(WRITES)
      expect(names(callsIn(declares).filter((called) => !changesNothing(called)))).toEqual([])
    },
  )
})

describe('a function', () => {
  it.each(functions.filter(({ name }) => /^(is|has|pays|holds|why)_/.test(name)))(
    '$name is a question, so it changes nothing',
    (one) => {
      expect(changesNothing(one)).toBe(true)
    },
  )

  it.each(functions.filter(changesNothing))('$name says that it changes nothing, and does not', (one) => {
    expect(one.does).not.toMatch(WRITES)
    expect(one.does).not.toMatch(/\bperform\b/)
    expect(names(calledBy(one).filter((called) => !changesNothing(called)))).toEqual([])
  })

  it.each(functions.filter(({ head }) => /\bimmutable\b/.test(head)))(
    '$name depends on nothing else',
    (one) => {
      expect(
        tablesOf(one).filter((table) => new RegExp(`\\b(from|join) ${table}\\b`).test(one.does)),
      ).toEqual([])
      expect(names(calledBy(one).filter(({ head }) => !/\bimmutable\b/.test(head)))).toEqual([])
    },
  )

  it.each(functions)('$name says what it is for', ({ name, path, comment }) => {
    // Several lines that belong together may share a comment.
    const isFirst = functions.find((one) => one.path === path)?.name === name
    if (isFirst) expect(comment).not.toBe('')
  })

  it('is at most 60 lines long', () => {
    expect(
      functions.filter(({ body }) => lines(body) > 60).map(({ name, body }) => [name, lines(body)]),
    ).toEqual([])
  })
})
