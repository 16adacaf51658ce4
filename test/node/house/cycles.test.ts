import { globSync, readFileSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { describe, expect, it } from 'vitest'

const FOLDERS = ['src', 'local', 'bench', 'cli', 'test']

/**
 * Matches `from '…'`, `import '…'` and `import('…')`, including types: a cycle of types is also a cycle for a reader.
 */
const IMPORT = /\b(?:from|import)\s*\(?\s*'(\.[^']+\.ts)'/g

const slashed = (path: string) => path.replaceAll(sep, '/')

function importsOf(path: string): string[] {
  return [...readFileSync(path, 'utf8').matchAll(IMPORT)].map(([, name = '']) =>
    slashed(join(dirname(path), name)),
  )
}

/** Returns each cycle of imports as its files in order. The first file is repeated at the end. */
function cyclesIn(imports: Map<string, string[]>): string[] {
  const cycles: string[] = []
  const finished = new Set<string>()
  const walk = (path: string, way: string[]) => {
    const at = way.indexOf(path)
    if (at !== -1) cycles.push([...way.slice(at), path].join(' → '))
    if (at !== -1 || finished.has(path)) return
    for (const target of imports.get(path) ?? []) walk(target, [...way, path])
    finished.add(path)
  }
  for (const path of imports.keys()) walk(path, [])
  return cycles
}

describe('imports', () => {
  const paths = FOLDERS.flatMap((folder) => globSync(`${folder}/**/*.ts`).map(slashed))
  const imports = new Map(paths.map((path) => [path, importsOf(path)]))

  it('are found: the Worker is made of several files', () => {
    expect(imports.get('src/index.ts')).toContain('src/app.ts')
  })

  it('go in no circle', () => {
    expect(cyclesIn(imports)).toEqual([])
  })
})

describe('a cycle', () => {
  it('is named by its files, whichever way leads there', () => {
    const imports = new Map([
      ['a', ['b', 'd']],
      ['b', ['c']],
      ['c', ['b']],
      ['d', ['c', 'd']],
    ])
    expect(cyclesIn(imports)).toEqual(['b → c → b', 'd → d'])
  })
})
