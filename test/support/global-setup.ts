import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { migrate } from '../../cli/migrate/run.ts'
import { freePort } from '../../local/ports.ts'
import { CLUSTER_TO_COPY, COMPLETE_FILE } from '../../local/postgres/cluster.ts'
import { createDatabase, query } from '../../local/postgres/query.ts'
import { startPostgres } from '../../local/postgres.ts'
import { makeScratchDir } from '../../local/scratch.ts'
import { startTemporaryPostgres } from '../../local/temporary-postgres.ts'
import { browserPath, NO_BROWSER } from '../browser/find.ts'
import { startControl } from './control.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Where tests ask for a database and a gateway of their own. */
    control: string
    /**
     * How many random histories the convergence test plays, and their seed: null for a new one. Whether the seed was
     * given, to repeat a failure.
     */
    histories: { runs: number; seed: number | null; isRepeated: boolean }
    /** How many deliveries cross batches of queued ones. */
    deliveries: number
  }
}

const TEMPLATE = 'migrated'
const SEED_OF_THE_GATE = 20_261_126

/** One Postgres for the whole run; each test file gets a database of its own, copied from a migrated template. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  // Commands start hundreds of times: what Node compiles for one is kept for the next.
  const compiled = makeScratchDir('compiled')
  process.env.NODE_COMPILE_CACHE = compiled
  if (browserPath === undefined) console.warn(`the tests in a browser are skipped: ${NO_BROWSER}`)
  const cluster = await makeCluster()
  process.env[CLUSTER_TO_COPY] = cluster
  const postgres = await startTemporaryPostgres('test')
  await createDatabase(postgres.url('postgres'), TEMPLATE)
  await migrate(postgres.url(TEMPLATE))
  // What the Worker may do is what its role may do: the tests' Worker is a member of it, as yours is.
  await query(
    postgres.url('postgres'),
    `create role worker login password 'worker' in role ledgerhook_worker`,
  )
  const control = await startControl(postgres, TEMPLATE)
  project.provide('control', control.url)
  const { HISTORIES, SEED } = process.env
  project.provide('deliveries', Number(process.env.DELIVERIES ?? 1_500))
  const seed = SEED ? Number(SEED) : HISTORIES ? null : SEED_OF_THE_GATE
  project.provide('histories', { runs: Number(HISTORIES ?? 100), seed, isRepeated: SEED !== undefined })

  return async () => {
    await control.stop()
    await postgres.stop()
    for (const dir of [compiled, cluster]) rmSync(dir, { recursive: true, force: true })
  }
}

/** A cluster with an empty database `ledgerhook`, for every Postgres that a test starts, in whatever process. */
async function makeCluster(): Promise<string> {
  const dataDir = makeScratchDir('cluster-to-copy')
  const postgres = await startPostgres({ dataDir, port: await freePort() })
  await postgres.stop()
  // Half a copy has not to be taken for a whole one.
  rmSync(join(dataDir, COMPLETE_FILE))
  return dataDir
}
