import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { TAKES } from '../../src/settings/misconfigured.ts'
import { settingsSchema } from '../../src/settings.ts'
import { projectDir } from '../shared/project.ts'
import type { Context, Vars } from './context.ts'
import { BINDINGS, guides } from './guide.ts'

export interface Item {
  name: string
  /**
   * `default`: unset, with a default that is good enough. `missing`: unset, and the Worker does without the feature.
   */
  state: 'set' | 'default' | 'missing' | 'required' | 'refused'
  /** What the group of this setting is needed for. */
  group: string
  for: string
  /** Where to get it. Undefined if only docs/settings.md describes it. */
  from: string | undefined
  takes: string | undefined
  /** Whether it is set as a secret, and not as a variable of wrangler.toml. */
  secret: boolean
}

/**
 * Returns all settings in the order in which they are needed, and then all bindings. It never contains a value.
 * @param bound what `wrangler.toml` binds. Undefined for a Worker on this machine: its command line binds the queue
 */
export function checklist({ url, given, settings }: Context, bound?: string[]): Item[] {
  const schemas = settingsSchema().shape
  const { bindings } = JSON.parse(readFileSync(join(projectDir, 'package.json'), 'utf8')).cloudflare
  const toSet = guides(url).flatMap(({ title, hasDefaults = false, settings: guided }) =>
    guided.map(({ name, for: what, from }) => ({
      name,
      group: title,
      for: what,
      from,
      takes: TAKES[name],
      secret: Object.hasOwn(bindings, name),
      state: isBlank(given, name)
        ? ifUnset(schemas[name], hasDefaults)
        : name in settings
          ? 'set'
          : 'refused',
    })),
  )
  return bound ? [...toSet, ...toBind(bound)] : toSet
}

function toBind(bound: string[]): Item[] {
  return BINDINGS.map((binding) => ({
    ...binding,
    group: 'bound in wrangler.toml',
    takes: undefined,
    secret: false,
    state: bound.includes(binding.name) ? 'set' : 'missing',
  }))
}

const isBlank = (given: Vars, name: string) => (given[name] ?? '').trim() === ''

function ifUnset(
  schema: { safeParse(value: unknown): { success: boolean } },
  hasDefault: boolean,
): Item['state'] {
  if (!schema.safeParse(undefined).success) return 'required'
  return hasDefault ? 'default' : 'missing'
}

const WIDTH = 30
/** A longer line is broken into two. */
const COLUMNS = 120

/**
 * Returns the list for a person: for each group, one line for the settings that are set, and one for each that is not.
 */
export function checklistInLines(items: Item[]): string[] {
  const groups = [...new Set(items.map(({ group }) => group))]
  const done = items.filter(isDone).length
  return [
    ...groups.flatMap((group) => groupInLines(items.filter((item) => item.group === group))),
    `  ${done} of ${items.length} are set, or have a default`,
  ]
}

const isDone = ({ state }: Item) => state === 'set' || state === 'default'

function groupInLines(items: Item[]): string[] {
  const names = items.filter(isDone).map(({ name }) => name)
  const title = `  ${names.length > 0 ? '✓' : '○'} ${items[0]?.group}${names.length > 0 ? `: ${names.join(', ')}` : ''}`
  return [title, ...items.filter((item) => !isDone(item)).flatMap(openInLines)]
}

function openInLines({ name, state, for: what, from, takes, secret }: Item): string[] {
  const isMissing = state === 'missing'
  const named = `${isMissing ? '○' : '✗'} ${`${name}${secret ? ' (secret)' : ''}`.padEnd(WIDTH)}`
  const first = `    ${named} ${isMissing ? '' : `${state}: `}${what}`
  const where = state === 'refused' || !from ? `it takes ${takes}` : from
  const line = `${first}; ${where}`
  return line.length <= COLUMNS ? [line] : [first, `${' '.repeat(WIDTH + 7)}${where}`]
}

/** Returns how a person sets what is missing: for the Worker of an environment in wrangler.toml, or on this machine. */
export function howToSet(environment: string | null): string {
  if (environment === null)
    return 'all of it in .dev.vars, which `npm run dev` writes, and reads when it starts'
  return `a secret: npx wrangler secret put NAME --env ${environment}; anything else: [env.${environment}.vars] in wrangler.toml`
}
