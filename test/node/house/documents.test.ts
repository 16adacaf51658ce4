import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseEnv } from 'node:util'
import { describe, expect, it } from 'vitest'
import { guides } from '../../../cli/doctor/guide.ts'
import { fixtures } from '../../../local/events.ts'
import { examples } from '../../../local/openapi/examples.ts'
import { routes } from '../../../src/api/routes.ts'
import { SEMANTIC } from '../../../src/log.ts'
import { PAGE_SIZE } from '../../../src/ops/explain.ts'
import { tasks } from '../../../src/ops/tasks.ts'
import { providers } from '../../../src/providers.ts'
import { ALERT_KINDS } from '../../../src/settings/alerts.ts'
import { TAKES } from '../../../src/settings/misconfigured.ts'
import { settingsSchema } from '../../../src/settings.ts'
import { decisions, documented, documents, filesOf, read } from './sources.ts'

const tests = filesOf('test/worker').map(read).join('\n')

const events = Object.values(providers).flatMap(({ name, events }) =>
  Object.keys(events).map((type) => ({ provider: name, type })),
)

/** Fails with the names of everything that is missing, not with the text that was searched. */
function has(what: string, needs: Record<string, boolean>): void {
  const missing = Object.keys(needs).filter((need) => !needs[need])
  expect(missing, `${what} lacks ${missing.join('; ')}`).toEqual([])
}

/** Whether a source has an object with this key. */
const keyIn = (source: string, name: string) => new RegExp(`^ +(async )?${name}[:(]`, 'm').test(source)

describe('every event in a table', () => {
  it.each(events)('$provider $type has all that an event needs', ({ provider, type }) => {
    const fixture = (fixtures[provider] as Record<string, { type: string }>)[type]
    has(`${provider} ${type}`, {
      'a fixture in local/fixtures, named in local/*events.ts': fixture !== undefined,
      'its own type in its fixture': fixture === undefined || fixture.type === type,
      'a test in test/worker': tests.includes(`'${type}'`),
      'a line in docs/events.md': read('docs/events.md').includes(`\`${type}\``),
      'a line in "what to subscribe to" of docs/production.md': read('docs/production.md').includes(
        `\`${type}\``,
      ),
    })
  })

  it('and no fixture is of an event that no table has', () => {
    const handled = events.map(({ provider, type }) => `${provider} ${type}`)
    const kept = Object.entries(fixtures).flatMap(([provider, types]) =>
      Object.keys(types).map((type) => `${provider} ${type}`),
    )
    expect(kept.filter((event) => !handled.includes(event))).toEqual([])
  })
})

describe('the log', () => {
  it.each(Object.entries(SEMANTIC))('says in its table that %s is %s', (ours, theirs) => {
    const row = read('docs/operations.md').match(new RegExp(`^\\| \`${ours}\` \\|.*$`, 'm'))?.[0]
    expect(row).toContain(`\`${theirs}\``)
  })

  const lines = filesOf('src').flatMap((path) => [
    ...read(path).matchAll(/message: '([^']+)',\s+level: [^,}]*'error'/g),
  ])
  it('has errors, as far as their lines are found in the sources', () => {
    expect(lines.map(([, message]) => message)).toContain('release failed')
  })

  it.each([...new Set(lines.map(([, message = '']) => message))])(
    'has the line `%s`, an error, on a page',
    (message) => {
      const named = documented.includes(`\`${message}\``) || documented.includes(`"message":"${message}"`)
      has(message, { 'a place in the documents': named })
    },
  )
})

const SOLD = ['CREDIT_PACKS', 'PLANS']
const LOCAL_ONLY = ['NEON_FETCH_ENDPOINT', 'STRIPE_API_BASE', 'CLERK_API_BASE', 'QUEUE_SPEED']

describe('settings', () => {
  const { shape } = settingsSchema()
  const names = Object.keys(shape) as (keyof typeof shape)[]
  const placeholders = parseEnv(read('.dev.vars.example'))
  const documentedAs = (kind: string) =>
    [...read('docs/settings.md').matchAll(new RegExp(`^- \\*\\*\`(\\w+)\`\\*\\* \\(${kind}`, 'gm'))].map(
      ([, name = '']) => name,
    )
  const secrets = documentedAs('secret').sort()

  const listed = [...secrets, ...documentedAs('variable'), ...LOCAL_ONLY]
  const guided = guides('https://worker.example').flatMap(({ settings }) => settings.map(({ name }) => name))

  it('and no page lists one that is not there', () => {
    expect(listed.filter((name) => !names.includes(name as (typeof names)[number]))).toEqual([])
  })

  it('that are secrets are those of .dev.vars.example, and of the list in wrangler.toml', () => {
    expect(Object.keys(placeholders).sort()).toEqual(secrets)
    const yours = read('wrangler.toml').split('# Yours')[1] ?? ''
    expect(
      names
        .filter((name) => yours.includes(name))
        .filter((name) => !SOLD.includes(name))
        .sort(),
    ).toEqual(secrets)
  })

  it('that are secrets are described for whoever deploys by a button', () => {
    expect(Object.keys(JSON.parse(read('package.json')).cloudflare.bindings).sort()).toEqual(secrets)
  })

  it('are set nowhere in wrangler.toml: what you set there stays yours', () => {
    expect(read('wrangler.toml')).not.toMatch(/^[A-Z_]+ *=/m)
  })

  it.each(names)('%s has all that a setting needs', (name) => {
    has(name, {
      'a line in docs/settings.md, which says whether it is a secret or a variable': listed.includes(name),
      'what it takes, in src/settings/misconfigured.ts': Object.hasOwn(TAKES, name),
      'an entry in cli/doctor/guide.ts': guided.includes(name) || LOCAL_ONLY.includes(name),
    })
  })

  it('of .dev.vars.example open nothing: each is refused, or is as good as unset', () => {
    const opening = Object.entries(placeholders).filter(([name, value]) => {
      const { success, data } = shape[name as keyof typeof shape].safeParse(value)
      return success && data !== undefined
    })
    expect(opening).toEqual([])
    expect(settingsSchema().safeParse(placeholders).success).toBe(false)
  })
})

describe('routes of the API', () => {
  it.each(routes)('$method $path has all that a route needs', ({ path, body, params, query }) => {
    const called = new RegExp(`curl .*${path.replaceAll(/\{\w+\}/g, '.+')}(?![\\w/])`)
    has(path, {
      'a line in docs/api.md': documented.includes(path),
      'a `curl` line in docs/api.md': called.test(documented),
      'an example in local/openapi/examples.ts': Object.hasOwn(examples, path) || !(body ?? params ?? query),
    })
  })
})

describe('tasks of the scheduled run', () => {
  const failing = read('test/worker/engine-tasks.test.ts')
  it.each(tasks)('$name has all that a task needs', ({ name }) => {
    has(name, {
      'a line in docs/production.md': documented.includes(`\`${name}\``),
      'the function that it calls first, in FIRST_CALL of test/worker/engine-tasks.test.ts': keyIn(
        failing,
        name,
      ),
    })
  })
})

describe('alerts', () => {
  const runbook = read('docs/operations.md')
  const stories = read('test/worker/alert-stories.ts')
  it.each(Object.keys(ALERT_KINDS))('%s has all that an alert needs', (name) => {
    has(name, {
      'a row in the table of alerts of docs/operations.md': runbook.includes(`| [\`${name}\`](#${name})`),
      'a heading of its own there, with what to do': runbook.includes(`### \`${name}\`\n`),
      'a story in test/worker/alert-stories.ts': keyIn(stories, name),
    })
  })
})

describe('npm scripts', () => {
  // npm itself runs `preprepare`, so no document names it.
  const scripts = Object.keys(JSON.parse(read('package.json')).scripts).filter(
    (name) => name !== 'preprepare',
  )

  it.each(scripts)('%s is in the documents', (script) => {
    const named = new RegExp(`npm (run )?(--silent )?${script}\\b`)
    has(`npm run ${script}`, { 'a place in the documents': named.test(documented) })
  })
})

describe('the documents', () => {
  const linking = [...documents, ...decisions, 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md']

  it.each(linking)('%s links to files that are there', (path) => {
    const links = [...read(path).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link)
    const files = links
      .filter((link) => !/^(https?:|mailto:|#)/.test(link))
      .map((link) => link.split('#')[0] ?? '')
    expect(files.filter((file) => !existsSync(join(dirname(path), file)))).toEqual([])
  })

  it.each(linking)('%s has lines that fit a screen, but for tables', (path) => {
    const lines = read(path).split('\n')
    expect(lines.filter((line) => line.length > 120 && !line.startsWith('|'))).toEqual([])
  })

  it.each(['docs/troubleshooting.md', 'docs/api.md'])('%s says how many entries explain shows', (path) => {
    const shown = [...read(path).matchAll(/page has (?:the newest )?(\d+) entries/g)].map(([, most]) =>
      Number(most),
    )
    expect(shown).toEqual([PAGE_SIZE])
  })

  it('begin with a README that is read to its end', () => {
    expect(read('README.md').trimEnd().split('\n').length).toBeLessThanOrEqual(120)
  })
})

describe('sizes', () => {
  const lines = filesOf('src', 'cli', 'local', 'bench').map((path) => ({
    path,
    lines: read(path).split('\n').length,
  }))

  it('no file is longer than 200 lines, and half of them are under 60', () => {
    expect(lines.filter((file) => file.lines > 200)).toEqual([])
    expect(lines.map((file) => file.lines).sort((a, b) => a - b)[Math.floor(lines.length / 2)]).toBeLessThan(
      60,
    )
  })
})
