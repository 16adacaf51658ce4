import { globSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { parseEnv } from 'node:util'
import { describe, expect, it } from 'vitest'
import { fixtures } from '../../local/events.ts'
import { VERSION } from '../../src/api/openapi.ts'
import { routes } from '../../src/api/routes.ts'
import { providers } from '../../src/providers.ts'
import { settingsSchema } from '../../src/settings.ts'

const read = (path: string) => readFileSync(path, 'utf8')
const readme = read('README.md')
const tests = globSync('test/worker/*.ts').map(read).join('\n')
const sources = globSync('src/**/*.ts')

const events = Object.values(providers).flatMap(({ name, events }) =>
  Object.keys(events).map((type) => ({ provider: name, type })),
)

describe('every event in a table', () => {
  it.each(events)('$provider $type has a fixture, a test and a row in the README', ({ provider, type }) => {
    expect(fixtures[provider]).toHaveProperty([type], expect.objectContaining({ type }))
    expect(tests).toContain(`'${type}'`)
    expect(readme).toContain(`\`${type}\``)
  })

  it.each(events)('$provider $type is among those to subscribe to in production', ({ type }) => {
    expect(readme.split('## In production')[1]?.split('\n## ')[0]).toContain(`\`${type}\``)
  })

  it('and no fixture is of an event that no table has', () => {
    const handled = events.map(({ provider, type }) => `${provider} ${type}`)
    const kept = Object.entries(fixtures).flatMap(([provider, types]) =>
      Object.keys(types).map((type) => `${provider} ${type}`),
    )
    expect(kept.sort()).toEqual(handled.sort())
  })
})

const LOCAL_ONLY = ['NEON_FETCH_ENDPOINT', 'STRIPE_API_BASE']

describe('settings', () => {
  const names = Object.keys(settingsSchema().shape)
  const vars = read('wrangler.toml').split('[vars]')[1] ?? ''
  const shipped = { ...parseEnv(read('.dev.vars.example')), ...parseEnv(vars.replaceAll(' = ', '=')) }

  it('of the schema are those of .dev.vars.example and wrangler.toml, but for those that are local only', () => {
    expect(Object.keys(shipped).sort()).toEqual(names.filter((name) => !LOCAL_ONLY.includes(name)).sort())
  })

  it.each(names)('%s is explained in the README', (name) => {
    expect(readme).toContain(`\`${name}\``)
  })

  it('of .dev.vars.example open nothing', () => {
    const refused = settingsSchema()
      .safeParse(shipped)
      .error?.issues.map((issue) => issue.path[0])
    const placeholders = Object.keys(parseEnv(read('.dev.vars.example')))
    expect(refused?.sort()).toEqual(placeholders.sort())
  })
})

/** Who may import whom: a room, and the rooms below it. A room's own files may always import each other. */
const rooms: Record<string, string[]> = {
  index: ['app', 'stripe', 'subscriptions', 'db', 'env', 'webhook'],
  app: ['account', 'clerk', 'stripe', 'ready', 'explain', 'described', 'http', 'webhook', 'db', 'env'],
  ready: ['http', 'db', 'env'],
  explain: ['credits', 'webhook', 'db', 'env'],
  described: ['account'],
  account: ['clerk', 'stripe', 'users', 'credits', 'http', 'webhook', 'db', 'env', 'once'],
  clerk: ['users', 'webhook', 'env', 'once'],
  stripe: ['users', 'credits', 'subscriptions', 'webhook', 'db', 'env', 'once'],
  users: ['db'],
  credits: ['users', 'db'],
  subscriptions: ['credits', 'db'],
  webhook: ['db', 'env'],
  db: [],
  env: ['once'],
  once: [],
  http: ['webhook'],
}
/** Who may import which library: rooms, and `schema` for the schema.ts of each. */
const libraries: Record<string, string[]> = {
  svix: ['clerk'],
  '@clerk/backend': ['clerk'],
  stripe: ['stripe'],
  hono: ['app', 'ready', 'explain', 'http', 'account'],
  '@neondatabase/serverless': ['db'],
  'drizzle-orm': ['schema'],
  'zod/mini': ['env', 'clerk', 'stripe', 'account', 'described', 'webhook'],
  'zod/locales': ['account'],
}

const roomOf = (path: string) => relative('src', path).split(/[/.]/)[0] ?? ''
const isSchema = (path: string) => basename(path) === 'schema.ts'
const importsOf = (path: string) => [...read(path).matchAll(/from '([^']+)'/g)].map(([, name]) => name ?? '')

describe('imports', () => {
  it.each(sources)('of %s obey the drawing', (path) => {
    const room = roomOf(path)
    for (const name of importsOf(path)) {
      if (name.startsWith('.')) {
        const target = join(dirname(path), name)
        if (target.startsWith('migrations')) expect(room).toBe('ready')
        else expect([room, ...(rooms[room] ?? [])], `${path} imports ${name}`).toContain(roomOf(target))
      } else {
        const library = Object.keys(libraries).find((known) => name === known || name.startsWith(`${known}/`))
        const user = isSchema(path) ? 'schema' : room
        expect(libraries[library ?? ''] ?? [], `${path} imports ${name}`).toContain(user)
      }
    }
  })

  it('load a schema from a schema alone, so that Drizzle is not deployed', () => {
    const loading = sources.filter((path) => {
      const loaded = read(path).replaceAll(/^import type .+$/gm, '')
      return !isSchema(path) && /'(drizzle-orm|[^']*schema\.ts')/.test(loaded)
    })
    expect(loading).toEqual([])
  })
})

describe('schemas', () => {
  it('are made at their first use, but for the id that every delivery has', () => {
    const made = sources.flatMap((path) =>
      [...read(path).matchAll(/^(?:export )?const (\w+) = z\b/gm)].map(([, name]) => `${path} ${name}`),
    )
    expect(made).toEqual(['src/webhook/values.ts id'])
  })
})

describe('verbs', () => {
  const sql = globSync('src/*/*.sql').map(read).join('\n')
  const called = sources.flatMap((path) => [...read(path).matchAll(/verb: '(\w+)'/g)].map(([, verb]) => verb))

  it.each([...new Set(called)])('%s is a database function that keeps its plans', (verb) => {
    const begins = `create or replace function ${verb}(delivery jsonb, facts jsonb) returns jsonb language plpgsql`
    expect(sql).toContain(`${begins}\nset plan_cache_mode = force_generic_plan as`)
  })
})

describe('functions', () => {
  const sql = globSync('src/*/*.sql').map(read).join('\n')
  const called = sources.flatMap((path) =>
    [...read(path).matchAll(/\bcall<.*?>\(db, '(\w+)'/gs)].map(([, name]) => name),
  )

  it.each(called)('%s is a database function', (name) => {
    expect(sql).toContain(`create or replace function ${name}(facts jsonb) returns jsonb`)
  })
})

describe('routes of the account', () => {
  it.each(routes)('$method $path is in the README, and in a curl line there', ({ path }) => {
    expect(readme).toContain(path)
    expect(readme).toMatch(new RegExp(`curl .*${path.replaceAll(/\{\w+\}/g, '.+')}(?![\\w/])`))
  })

  it('are of the version of this package', () => {
    expect(VERSION).toBe(JSON.parse(read('package.json')).version)
  })
})

describe('sizes', () => {
  const lines = [...sources, ...globSync('{local,bench}/**/*.ts'), ...globSync('src/**/*.sql')].map(
    (path) => ({
      path,
      lines: read(path).split('\n').length,
    }),
  )

  it('no file is longer than 200 lines, and half of them are under 60', () => {
    expect(lines.filter((file) => file.lines > 200)).toEqual([])
    expect(lines.map((file) => file.lines).sort((a, b) => a - b)[Math.floor(lines.length / 2)]).toBeLessThan(
      60,
    )
  })
})

describe('npm scripts', () => {
  const scripts = Object.keys(JSON.parse(read('package.json')).scripts)

  it.each(scripts)('%s is in the README', (script) => {
    expect(readme).toMatch(new RegExp(`npm (run )?${script}\\b`))
  })
})
