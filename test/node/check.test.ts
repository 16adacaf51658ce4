import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { projectDir, tools } from '../../cli/shared/project.ts'
import { FAILURES_FILE } from '../../local/check/failures.ts'
import { LONGEST } from '../../local/check/longest-first.ts'
import { run, scratchDir } from './command.ts'

const BROKEN = `
it('passes', () => {})
describe('a wallet', () => {
  it('adds up', () => { expect({ balance: 1 }).toEqual({ balance: 2 }) })
  describe('with a hook', () => {
    beforeAll(() => { throw new TypeError('the hook failed\\nand said more') })
    it('is not reached', () => {})
  })
})
it('leaves an error behind', async () => {
  process.nextTick(() => { throw new RangeError('left behind') })
  await new Promise((resolve) => setImmediate(resolve))
})
`

it('a run of tests names each failure and its first line: tests, hooks, files and what nobody handled', async () => {
  const dir = scratchDir()
  writeFileSync(join(dir, 'broken.test.js'), BROKEN)
  writeFileSync(join(dir, 'missing.test.js'), "import './nowhere.js'")
  const file = join(dir, 'failures')
  const reporter = join(projectDir, 'local/check/failures.ts')
  const args = ['run', '--root', dir, '--globals', '--reporter', reporter]
  const { code, output } = await run(tools.vitest, args, dir, { [FAILURES_FILE]: file })
  expect(code, output).toBe(1)
  const text = readFileSync(file, 'utf8')
  const named = text.split('\n').filter((line) => line.startsWith('✗'))
  expect(named.map((line) => line.replace(/\S+\/(?=(broken|missing)\.test)/, ''))).toEqual([
    '✗ unhandled error during broken.test.js',
    '✗ broken.test.js > a wallet > with a hook',
    '✗ broken.test.js > a wallet > adds up',
    '✗ missing.test.js',
  ])
  expect(text).toContain('    RangeError: left behind\n')
  expect(text).toContain('    TypeError: the hook failed\n')
  expect(text).toContain('    expected { balance: 1 } to deeply equal { balance: 2 }\n')
  expect(text).toContain("    Cannot find module './nowhere.js'")
})

it('begins with files that exist', () => {
  expect(LONGEST.filter((name) => !existsSync(join(projectDir, name)))).toEqual([])
})

it('a step that fails says why at the end, below what its tools print, and leaves nothing behind', async () => {
  const dir = scratchDir()
  const copy = join(dir, 'project')
  const left = ['node_modules', '.git', '.local', 'test'].map((name) => join(projectDir, name))
  cpSync(projectDir, copy, { recursive: true, filter: (path) => !left.includes(path) })
  symlinkSync(join(projectDir, 'node_modules'), join(copy, 'node_modules'))
  const tmp = join(dir, 'tmp')
  mkdirSync(tmp)
  appendFileSync(join(copy, 'migrations/0000_tables.sql'), '-- changed\n')
  writeFileSync(join(copy, 'local/broken.ts'), "export const count:number = 'one'\n")
  const args = ['format', 'types', 'migrations'].flatMap((step) => ['--only', step])
  const { code, output } = await run(join(copy, 'local/check.ts'), args, copy, { TMPDIR: tmp })
  const [, end = ''] = output.split('── failed')
  expect(code, output).toBe(1)
  expect(end.split('\n').slice(1)).toEqual([
    '✗ format and lint: npm run check -- --only format',
    '    local/broken.ts format',
    '✗ types: npm run check -- --only types',
    expect.stringMatching(/^ {4}local\/broken\.ts\(1,14\): error TS2322: Type 'string' is not /),
    '✗ migrations, tables and schema.sql agree: npm run check -- --only migrations',
    '    migrations/0000_tables.sql has changed since it was sealed: put it back, and make a new migration',
  ])
  expect(readdirSync(tmp)).toEqual([])
})
