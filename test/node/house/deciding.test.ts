import { describe, expect, it } from 'vitest'
import { DECIDING } from '../../../src/settings/deciding.ts'
import { settingsSchema } from '../../../src/settings.ts'
import { importsOf, read } from './sources.ts'

/** What handlers need to verify an event or to ask its provider. It decides nothing, except for the mode of the key. */
const NOT_DECIDING = ['CLERK_WEBHOOK_SECRET', 'STRIPE_WEBHOOK_SECRET', 'STRIPE_SECRET_KEY', 'STRIPE_API_BASE']

const names = Object.keys(settingsSchema().shape)

/** Returns this file, and all of its room that it imports for more than types, directly or not. */
function withImports(path: string, found = new Set<string>()): Set<string> {
  if (found.has(path)) return found
  found.add(path)
  const room = path.replace(/[^/]*$/, '')
  const needed = importsOf(path, read(path).replaceAll(/^import type .+$/gm, ''))
  for (const name of needed) if (name.startsWith(room)) withImports(name, found)
  return found
}

/** The handlers, and the commit, which says whether what is deleted is erased. */
const paths = [
  ...withImports('src/clerk/index.ts'),
  ...withImports('src/stripe/index.ts'),
  'src/webhook/commit.ts',
]
const handling = paths.map((path) => {
  const code = read(path).replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')
  return { path, read: names.filter((name) => new RegExp(`\\b${name}\\b`).test(code)) }
})

describe('the settings by which a delivery is decided', () => {
  it.each(handling.filter(({ read }) => read.length > 0))('include what $path reads', ({ path, read }) => {
    const missing = read.filter((name) => ![...DECIDING, ...NOT_DECIDING].includes(name))
    expect(missing, `DECIDING of src/settings/deciding.ts lacks ${missing.join(', ')} of ${path}`).toEqual([])
  })

  it('are read there, each of them', () => {
    const all = handling.flatMap(({ read }) => read)
    expect([...DECIDING, ...NOT_DECIDING].filter((name) => !all.includes(name))).toEqual([])
  })
})
