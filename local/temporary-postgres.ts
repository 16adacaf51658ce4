import { rmSync } from 'node:fs'
import { freePort } from './ports.ts'
import { type Postgres, startPostgres } from './postgres.ts'
import { makeScratchDir } from './scratch.ts'

export type TemporaryPostgres = Postgres & {
  /** Stops it, awaits `meanwhile`, and starts it again with the same data on the same port. */
  restart(meanwhile: () => Promise<void>): Promise<void>
}

/** Starts a Postgres on a free port with its own data, which is removed after it has stopped. Throws a LocalError. */
export async function startTemporaryPostgres(purpose: string): Promise<TemporaryPostgres> {
  const dataDir = makeScratchDir(purpose)
  const remove = () => rmSync(dataDir, { recursive: true, force: true })
  const first = await startPostgres({ dataDir, port: await freePort() }).catch((error: unknown) => {
    remove()
    throw error
  })
  let running = Promise.resolve(first)
  let isStopped = false
  return {
    ...first,
    async restart(meanwhile) {
      await (await running).stop()
      await meanwhile()
      if (isStopped) return
      running = startPostgres({ dataDir, port: first.port })
      await running
    },
    async stop() {
      isStopped = true
      await (await running.catch(() => first)).stop()
      remove()
    },
  }
}
