import { linkSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { keep, restore } from '../../local/kept.ts'
import { freePort } from '../../local/ports.ts'
import { startPostgres } from '../../local/postgres.ts'
import { run, scratchDir } from './command.ts'

/** Returns the only line that a command prints when it refuses. */
async function refusal(script: string, args: string[], cwd: string): Promise<string> {
  const { code, output } = await run(script, args, cwd)
  expect([code, output.split('\n')]).toEqual([1, [expect.any(String)]])
  return output
}

/** Makes a directory with one file of `.local` in it. */
function withFile(path: string, text: string): string {
  const dir = scratchDir()
  mkdirSync(dirname(join(dir, path)), { recursive: true })
  writeFileSync(join(dir, path), text)
  return dir
}

describe('local state that is damaged is named in one sentence, with what to do', () => {
  it.each(['', '{"customers": [[', 'null', '{"customers": 5}'])('objects of a stand-in: %j', (text) => {
    const file = join(withFile('postgres.stripe.json', text), 'postgres.stripe.json')
    expect(() => restore({ customers: new Map() }, file)).toThrow(
      `${file} is damaged: remove it, or start over with --fresh`,
    )
  })

  it('a stand-in that is killed while it writes leaves the earlier file, not half of one', () => {
    const dir = scratchDir()
    const file = join(dir, 'postgres.stripe.json')
    keep({ customers: new Map([['cus_1', {}]]) }, file)
    // Another name of the same file: it changes if the file is written in place.
    linkSync(file, join(dir, 'earlier'))
    keep({ customers: new Map([['cus_2', {}]]) }, file)
    expect(readFileSync(join(dir, 'earlier'), 'utf8')).toContain('cus_1')
    expect(readFileSync(file, 'utf8')).toContain('cus_2')
    expect(readdirSync(dir).sort()).toEqual(['earlier', 'postgres.stripe.json'])
  })

  it.each(['local/token.ts', 'local/dev.ts'])('the key of this machine’s sessions, of %s', async (script) => {
    const dir = withFile('.local/session-key.pem', '-----BEGIN PRIVATE KEY-----\nbroken\n')
    writeFileSync(join(dir, '.dev.vars'), 'CLERK_JWT_KEY=x\n')
    const args = script === 'local/token.ts' ? ['user_ada'] : ['--port', 'auto']
    expect(await refusal(script, args, dir)).toBe(
      '.local/session-key.pem is damaged: remove it, and CLERK_JWT_KEY from .dev.vars unless that is ' +
        'your Clerk instance’s: `npm run dev` makes both again',
    )
  })

  it('a file in place of a directory', async () => {
    const dir = withFile('data', '')
    const port = await freePort()
    for (const dataDir of [join(dir, 'data'), join(dir, 'data', 'postgres')])
      await expect(startPostgres({ dataDir, port })).rejects.toThrow(
        `${dataDir} cannot be made, because ${join(dir, 'data')} is a file: ` +
          'remove that, or choose another directory with --data',
      )
    expect(await refusal('local/dev.ts', ['--port', 'auto'], withFile('.local', ''))).toMatch(
      /^.*\.local cannot be used \(EEXIST\): a file of that name is in the way$/,
    )
  })

  it.runIf(process.platform === 'linux')('a place where nobody can make a directory', async () => {
    await expect(startPostgres({ dataDir: '/proc/none/data', port: await freePort() })).rejects.toThrow(
      '/proc/none/data cannot be made (ENOENT): choose another directory with --data',
    )
  })

  it('the data of another version of Postgres', async () => {
    const dataDir = join(scratchDir(), 'data')
    const port = await freePort()
    await (await startPostgres({ dataDir, port })).stop()
    writeFileSync(join(dataDir, 'PG_VERSION'), '15\n')
    await expect(startPostgres({ dataDir, port })).rejects.toThrow(
      /^Postgres did not start: .*incompatible with server: remove \S+data, and start with --fresh$/,
    )
  })
})
