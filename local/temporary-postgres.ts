import { rmSync } from 'node:fs'
import { freePort } from './ports.ts'
import { type Postgres, startPostgres } from './postgres.ts'
import { makeScratchDir } from './scratch.ts'

/** Starts a Postgres on a free port, with data of its own, which are removed once it has stopped. Throws a LocalError. */
export async function startTemporaryPostgres(purpose: string): Promise<Postgres> {
  const dataDir = makeScratchDir(purpose)
  const remove = () => rmSync(dataDir, { recursive: true, force: true })
  const postgres = await startPostgres({ dataDir, port: await freePort() }).catch((error: unknown) => {
    remove()
    throw error
  })
  return {
    ...postgres,
    async stop() {
      await postgres.stop()
      remove()
    },
  }
}
