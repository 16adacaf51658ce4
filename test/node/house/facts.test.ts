import { getTableConfig } from 'drizzle-orm/pg-core'
import { describe, expect, it } from 'vitest'
import { subscriptions } from '../../../src/subscriptions/schema.ts'
import { FACTS } from '../../worker/verb-facts.ts'
import { factsGiven } from './facts.ts'
import {
  byName,
  calledBy,
  factsIn,
  functions,
  isTrigger,
  partsIn,
  runsAsOwner,
  type SqlFunction,
  takesFacts,
} from './functions.ts'
import { read } from './sources.ts'

const given = factsGiven()
const called = [...new Set(given.map(({ name }) => name))].sort()
const calledFunction = (name: string) => byName.get(name) as SqlFunction

/** Functions that a person's command calls as the owner of the database. The Worker may not call them. */
const OWNERS_ONLY = [
  'adjust',
  'adjust_many',
  'import_payments',
  'refused_before_start',
  'settle_event',
  'settle_difference',
  'set_stripe_account',
  'undelivered_events',
  'resend_events',
]
/** Triggers that write for every role that may insert a ledger entry. */
const TRIGGERS = ['carry_balance', 'move_balance']
/** The function that wraps the call of any other one if your app receives events: src/db.ts. */
const WRAPPER = 'with_outgoing'
/** Functions that read and write only one table of a few rows, however much has piled up elsewhere. */
const NEEDS_NO_PLAN = ['lease_tasks', 'finish_tasks']

const PLANS = ['plan_cache_mode = force_generic_plan', 'enable_seqscan = off', 'jit = off']

describe('what TypeScript calls', () => {
  it.each(called)('%s is a database function that takes documents and returns one', (name) => {
    expect(byName.has(name)).toBe(true)
    expect(takesFacts(calledFunction(name))).toBe(true)
    expect(calledFunction(name).head).toMatch(/^returns jsonb\b/)
  })

  it('runs as the owner, and nothing else does', () => {
    const doors = functions.filter(runsAsOwner).map(({ name }) => name)
    expect(doors.sort()).toEqual(
      [...called.filter((name) => !OWNERS_ONLY.includes(name)), ...TRIGGERS, WRAPPER].sort(),
    )
    expect(TRIGGERS.every((name) => isTrigger(calledFunction(name)))).toBe(true)
  })

  it('is named in docs/sql.md where it is no entry point of the Worker, or an unusual one', () => {
    const page = read('docs/sql.md')
    const rights = page.slice(page.indexOf('## Paths and rights'), page.indexOf('## What never changes'))
    const named = (name: string) => rights.includes(`\`${name}\``)
    const names = [...OWNERS_ONLY, ...TRIGGERS, WRAPPER, ...NEEDS_NO_PLAN]
    expect(names.filter((name) => !named(name))).toEqual([])
  })

  it.each(called.filter((name) => ![...OWNERS_ONLY, ...NEEDS_NO_PLAN].includes(name)))(
    '%s keeps plans that use indexes',
    (name) => {
      for (const setting of PLANS) expect(calledFunction(name).head).toContain(`set ${setting}`)
    },
  )
})

describe('facts', () => {
  // A verdict and what waits for it are also made in SQL: see below.
  it.each(given.filter(({ name }) => name !== 'record_delivery'))(
    'of $name are named as in $path',
    ({ name, facts }) => {
      expect(factsIn(calledFunction(name)).sort()).toEqual(facts)
    },
  )

  it.each(given.filter(({ name }) => name !== 'record_delivery'))(
    'of $name are explained in the comment of the function',
    ({ name, facts }) => {
      const [, explained = ''] = calledFunction(name).comment.split('facts:')
      expect(facts.filter((fact) => !new RegExp(`\\b${fact}\\b`).test(explained))).toEqual([])
    },
  )

  it.each(
    functions.flatMap((one) => partsIn(one.body).map(([part, names]) => ({ name: one.name, part, names }))),
  )('$name reads of each of the $part what it has', ({ part, names }) => {
    const parts = given.flatMap((call) => (call.parts[part]?.length ? [call.parts[part]] : []))
    expect(parts).not.toEqual([])
    for (const known of parts) expect(known).toEqual(expect.arrayContaining(names))
  })

  it('of a subscription are columns of its table', () => {
    const columns = getTableConfig(subscriptions).columns.map(({ name }) => name)
    const sync = given.find(({ name }) => name === 'sync_subscription')
    expect(sync?.parts.state).not.toEqual([])
    for (const part of ['state', 'previous'])
      expect(columns).toEqual(expect.arrayContaining(sync?.parts[part] ?? ['no such part']))
  })

  it('of record_delivery are those that verdicts have, and what else a commit says', () => {
    const inSql = ['verdict', 'waits', 'asks'].flatMap((name) =>
      [...calledFunction(name).body.matchAll(/'(\w+)',(?= )/g)].map(([, key]) => key),
    )
    const besides = [...read('src/webhook/commit.ts').matchAll(/record\(\w+, \w+, \{([^}]*)\}/g)].flatMap(
      ([, members = '']) => members.split(',').map((member) => member.split(':')[0]?.trim()),
    )
    const made = new Set([...inSql, ...besides])
    // The facts of the effect, and the outcome of the delivery that asks.
    for (const inner of ['verb', 'facts', 'parked']) made.delete(inner)
    expect(factsIn(calledFunction('record_delivery')).sort()).toEqual([...made].sort())
  })

  it('about the delivery are those that a commit sends', () => {
    const { body } = calledFunction('record_delivery')
    const [, names = ''] = /jsonb_to_record\(delivery\) as d\(([^)]*)\)/.exec(body) ?? []
    const [, sent = ''] =
      /const rowOf = [^(]*\([^)]*\) => \(\{([^}]*)\}/.exec(read('src/webhook/commit.ts')) ?? []
    const keys = [...sent.matchAll(/^ {2}(\w+):/gm)].map(([, key]) => key)
    const taken = names.split(',').map((column) => column.trim().split(' ')[0])
    // A function that credits asks for the mode of the event.
    expect([...keys, 'body', 'payload'].sort()).toEqual([...taken, 'livemode'].sort())
  })
})

/** Handlers name these verbs. The other functions record, and decide nothing. */
const verbs = functions.filter(
  (one) => one.parameters[0]?.name === 'delivery' && takesFacts(one) && !one.name.startsWith('record_'),
)

describe('a verb', () => {
  it.each(verbs)('$name locks before it looks', ({ does }) => {
    const [first = ''] = [...does.matchAll(/(?<![.\w])(\w+)\s*\(/g)]
      .map(([, name = '']) => name)
      .filter((name) => byName.has(name))
    expect(first).toMatch(/^lock_/)
    const looks = does.search(/\bfrom (?!jsonb_to_record\b)/)
    expect(looks === -1 || does.indexOf(`${first}(`) < looks).toBe(true)
  })

  it.each(verbs)('$name records its delivery', (verb) => {
    expect(calledBy(verb).map(({ name }) => name)).toContain('record_delivery')
  })
})

/** The functions that a stored effect or a batch may run. */
const stored = functions.filter((one) => one.parameters[0]?.name === 'delivery' && takesFacts(one))

describe('the subjects of a verb', () => {
  it.each(stored)('$name are named by a function of its facts alone, beside it', ({ name, room }) => {
    const subjects = byName.get(`${name}_subjects`)
    expect(subjects, `${name}_subjects(facts jsonb) is missing: see docs/sql.md`).toBeDefined()
    expect(subjects?.room).toBe(room)
    expect(subjects?.parameters).toEqual([{ name: 'facts', type: 'jsonb' }])
    expect(subjects?.head).toMatch(/^returns text\[\] language plpgsql immutable/)
  })
})

describe('the example facts of a verb', () => {
  it.each(stored)('$name has them, with every id that it reads', (verb) => {
    const ids = factsIn(verb).filter((fact) => /(^id|_id|paid_by|email|addresses|lines)$/.test(fact))
    const given = Object.keys(FACTS[verb.name] ?? {})
    const missing = given.length === 0 ? ['all facts'] : ids.filter((id) => !given.includes(id))
    const lacks = `${verb.name} lacks ${missing.join(', ')} in test/worker/verb-facts.ts`
    expect(missing, lacks).toEqual([])
  })

  it('are of verbs that exist', () => {
    const names = stored.map(({ name }) => name)
    expect(Object.keys(FACTS).filter((name) => !names.includes(name))).toEqual([])
  })
})
