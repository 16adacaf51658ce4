import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { projectDir } from '../../cli/shared/project.ts'

/** What `readFlags` was given last. */
let given: { help: string; options: string[] } | undefined
class Read extends Error {}

vi.mock('../../cli/shared/flags.ts', async (original) => ({
  ...(await original<object>()),
  readFlags(help: string, options: object) {
    given = { help, options: Object.keys(options) }
    throw new Read()
  },
}))

const { scripts } = JSON.parse(readFileSync(join(projectDir, 'package.json'), 'utf8'))
const commands = Object.values<string>(scripts)
  .map((line) => line.split(' ').at(-1) ?? '')
  .filter((path) => /^(cli|local|bench)\/.*\.ts$/.test(path))
const readsFlags = (path: string) => readFileSync(join(projectDir, path), 'utf8').includes('readFlags(')
/** A command reads its flags itself, or in the file `flags.ts` of its folder. `stamp` has none. */
const withFlags = commands.filter(
  (path) =>
    path !== 'cli/stamp.ts' &&
    [path, join(dirname(path), path.replace(/^.*\/(.*)\.ts$/, '$1'), 'flags.ts')].some(
      (file) => globSync(file, { cwd: projectDir }).length > 0 && readsFlags(file),
    ),
)

it.each(withFlags)('%s --help lists every flag, each with its dashes', async (path) => {
  given = undefined
  await import(join(projectDir, path)).catch((error) => {
    if (!(error instanceof Read)) throw error
  })
  const { help = '', options = [] } = given ?? {}
  expect(options.filter((name) => !new RegExp(`--${name}\\b`).test(help))).toEqual([])
  expect(help.split('\n').filter((line) => /^ *-- /.test(line))).toEqual([])
  expect(help).not.toBe('')
})

it('every command with flags is looked at', () => {
  expect(withFlags.length).toBeGreaterThan(15)
})
