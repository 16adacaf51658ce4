import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LocalError } from '../../cli/shared/errors.ts'
import { portOwner } from '../../local/port-owner.ts'
import { choosePort, freePort, releaseChosenPorts, reservePort } from '../../local/ports.ts'
import { CLUSTER_TO_COPY } from '../../local/postgres/cluster.ts'
import { query as direct } from '../../local/postgres/query.ts'
import { startPostgres } from '../../local/postgres.ts'
import { eventually, temporaryDir } from './support.ts'

// Here initdb makes each cluster, as everywhere outside the tests.
delete process.env[CLUSTER_TO_COPY]

let dataDir: string
let port: number
let cleanUp: (() => Promise<void>)[]

beforeEach(async () => {
  const dir = await temporaryDir()
  dataDir = dir.path
  port = await freePort()
  cleanUp = [dir.remove]
})
afterEach(async () => {
  for (const step of cleanUp.reverse()) await step()
})

async function start() {
  const postgres = await startPostgres({ dataDir, port })
  cleanUp.push(postgres.stop)
  return postgres
}

async function postmasterPid(): Promise<number> {
  return Number.parseInt(await readFile(join(dataDir, 'postmaster.pid'), 'utf8'), 10)
}

function alive(pid: number): boolean {
  try {
    // A dead child of a container's process 1 may remain a zombie forever.
    return !execFileSync('ps', ['-o', 'stat=', '-p', String(pid)]).includes('Z')
  } catch {
    return false
  }
}

/** Runs Postgres in a separate process that is killed. */
async function startVictim(): Promise<ChildProcess> {
  const script = fileURLToPath(new URL('./crash-victim.ts', import.meta.url))
  const victim = spawn(process.execPath, [script, dataDir, String(port)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  cleanUp.push(async () => {
    victim.kill('SIGKILL')
  })
  await once(victim.stdout as NodeJS.ReadableStream, 'data')
  return victim
}

function killGuardOf(pid: number): void {
  const guards = execFileSync('pgrep', ['-f', `kill -INT .* ${pid}$`], { encoding: 'utf8' })
    .trim()
    .split('\n')
  for (const guard of guards) process.kill(Number(guard), 'SIGKILL')
}

describe('startPostgres', () => {
  it('keeps the data of a run that was stopped', async () => {
    const first = await start()
    await direct(first.url(), 'CREATE TABLE kept AS SELECT 1 AS one')
    await first.stop()
    const second = await start()
    expect(await direct(second.url(), 'SELECT one FROM kept')).toEqual([{ one: 1 }])
    expect(second.url('other')).toBe(`postgresql://postgres:postgres@127.0.0.1:${port}/other`)
  })

  it('says in one line who has the port, and which flag to change', async () => {
    const release = await reservePort(port, '--any')
    cleanUp.push(release)
    const failed = startPostgres({ dataDir, port })
    await expect(failed).rejects.toThrow(LocalError)
    await expect(failed).rejects.toThrow(
      new RegExp(
        `^port ${port} is in use by .+ \\(process ${process.pid}\\): .* choose another with --pg-port`,
      ),
    )
    expect(await readdir(dataDir)).toEqual([])
  })

  it('names the script of Node that has the port, and not who has chosen it by IPv6', async () => {
    const script = `require('node:net').createServer().listen(${port}, '127.0.0.1', () => console.log('up'))`
    const file = join(dataDir, 'holder.cjs')
    await writeFile(file, script)
    const holder = spawn(process.execPath, ['-r', 'node:fs', file], { stdio: ['ignore', 'pipe', 'inherit'] })
    cleanUp.push(async () => void holder.kill())
    await once(holder.stdout, 'data')
    expect(await choosePort(port)).toBe(true)
    cleanUp.push(releaseChosenPorts)
    expect(await portOwner(port)).toBe(`node holder.cjs (process ${holder.pid})`)
  })

  it('starts while somebody tries to connect, who stays', async () => {
    const release = await reservePort(port, '--any')
    const socket = connect(port, '127.0.0.1').on('error', () => {})
    await once(socket, 'close')
    await release()
    expect((await start()).port).toBe(port)
  })

  it('says in one line that another copy runs on the same data', async () => {
    await start()
    const pid = await postmasterPid()
    const failed = startPostgres({ dataDir, port: await freePort() })
    await expect(failed).rejects.toThrow(LocalError)
    await expect(failed).rejects.toThrow(
      `another copy runs on ${dataDir} (process ${pid}): stop it, or choose`,
    )
    expect(alive(pid)).toBe(true)
  })

  it('starts over when an earlier initdb was cut short', async () => {
    await mkdir(join(dataDir, 'base'))
    await writeFile(join(dataDir, 'PG_VERSION'), '18\n')
    const postgres = await start()
    expect(await direct(postgres.url(), 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  })

  it('starts over when the cluster has lost its version file', async () => {
    await (await start()).stop()
    await rm(join(dataDir, 'PG_VERSION'))
    const postgres = await start()
    expect(await direct(postgres.url(), 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  })

  it('never empties a directory that holds something else', async () => {
    await writeFile(join(dataDir, 'thesis.txt'), 'ten years of work')
    await expect(startPostgres({ dataDir, port })).rejects.toThrow(
      `${dataDir} holds other files (thesis.txt)`,
    )
    expect(await readFile(join(dataDir, 'thesis.txt'), 'utf8')).toBe('ten years of work')
  })

  it.each(['is dead', 'belongs to something else now'])(
    'starts when the process that a stale postmaster.pid names %s',
    async (fate) => {
      await (await start()).stop()
      // A process of the server's own user, because Postgres recognises one of another user without our help.
      const { uid } = await stat(dataDir)
      const other = spawn('sleep', ['60'], { uid })
      cleanUp.push(async () => void other.kill())
      if (fate === 'is dead') {
        other.kill()
        await once(other, 'exit')
      }
      await writeFile(join(dataDir, 'postmaster.pid'), `${other.pid}\n${dataDir}\n`)
      const postgres = await start()
      expect(await direct(postgres.url(), 'SELECT 1 AS one')).toEqual([{ one: 1 }])
    },
  )
})

describe('Postgres without its parent', () => {
  it.each(['SIGTERM', 'SIGINT', 'SIGKILL'] as const)('is stopped when that ends by %s', async (signal) => {
    const victim = await startVictim()
    const pid = await postmasterPid()
    expect(alive(pid)).toBe(true)
    victim.kill(signal)
    await eventually(async () => !alive(pid))
  })

  it('is found and stopped by the next start, when even its guard was killed', async () => {
    const victim = await startVictim()
    const pid = await postmasterPid()
    killGuardOf(pid)
    victim.kill('SIGKILL')
    await once(victim, 'exit')
    expect(alive(pid)).toBe(true)
    const postgres = await start()
    expect(alive(pid)).toBe(false)
    expect(await direct(postgres.url(), 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  })
})
