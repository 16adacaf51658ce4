import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { migrate } from '../../cli/migrate/run.ts'
import { freePort } from '../../local/ports.ts'
import { CLUSTER_TO_COPY, COMPLETE_FILE } from '../../local/postgres/cluster.ts'
import { createDatabase, query } from '../../local/postgres/query.ts'
import { startPostgres } from '../../local/postgres.ts'
import { makeScratchDir, removeAbandoned } from '../../local/scratch.ts'
import { startTemporaryPostgres } from '../../local/temporary-postgres.ts'
import { browserPath, NO_BROWSER } from '../browser/find.ts'
import { startControl } from './control.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The address where tests request a database and a gateway. */
    control: string
    /**
     * The number of random histories that the convergence test plays, and their seed: null for a new one. Whether the
     * seed was given to repeat a failure.
     */
    histories: { runs: number; seed: number | null; isRepeated: boolean }
    /** The number of deliveries that arrive at the same time as batches of queued ones. */
    deliveries: number
  }
}

const TEMPLATE = 'migrated'
const SEED_OF_THE_GATE = 20_261_126

/** Starts one Postgres for the whole run. Each test file gets its own database, copied from a migrated template. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  // Commands start hundreds of times, so Node's compile cache is kept.
  const compiled = makeScratchDir('compiled')
  process.env.NODE_COMPILE_CACHE = compiled
  if (browserPath === undefined) console.warn(`the tests in a browser are skipped: ${NO_BROWSER}`)
  const cluster = await makeCluster()
  process.env[CLUSTER_TO_COPY] = cluster
  const postgres = await startTemporaryPostgres('test')
  await createDatabase(postgres.url('postgres'), TEMPLATE)
  await migrate(postgres.url(TEMPLATE))
  // The tests' Worker is a member of the Worker's role, as in production, so that it has only the rights of that role.
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
    // Tests kill commands, which then leave what the next start would remove. Nothing may start after the last test.
    removeAbandoned()
  }
}

/** Makes a cluster with an empty database `ledgerhook`, which every Postgres of a test copies, in any process. */
async function makeCluster(): Promise<string> {
  const dataDir = makeScratchDir('cluster-to-copy')
  const postgres = await startPostgres({ dataDir, port: await freePort() })
  await postgres.stop()
  // An incomplete copy must not look complete.
  rmSync(join(dataDir, COMPLETE_FILE))
  return dataDir
}
