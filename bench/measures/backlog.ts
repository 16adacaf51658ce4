import { tasks } from '../../src/ops/tasks.ts'
import { type Corner, openCorner } from '../arena/arena.ts'
import { cpuMs } from '../ground/cpu-time.ts'
import { type Filling, filledUsers } from '../ground/fill.ts'
import { type BenchGateway, startGatewayThread } from '../ground/gateway.ts'
import type { Ground } from '../ground/ground.ts'
import { median } from '../statistics.ts'

/** Milliseconds that work takes while much has piled up, over HTTP and without added latency. */
export interface BacklogRow {
  what: string
  /**
   * A bite is the part of a task that makes one or a few requests to the database. A read is for a person or a monitor.
   */
  kind: 'bite' | 'read'
  p50: number
  worst: number
  /** CPU time of workerd, without waiting. Null if the system does not report it. */
  cpuMs: number | null
}

/** Scheduled runs, each with every task due. */
export interface RunsRow {
  /** The most requests to the database. */
  requests: number
  p50: number
  worst: number
  cpuMs: number | null
}

export interface Backlog {
  rows: BacklogRow[]
  runs: RunsRow
}

/** The response to one request: whether there is more to do, and where. */
interface Answer {
  ms: number
  more: boolean
  cursor?: unknown
}

/** Measures all scheduled tasks, and the reads across the piles, on a database that `measureGrowth` has filled. */
export async function measureBacklog(
  ground: Ground,
  databaseName: string,
  { ledgerRows, waitingRows }: Filling,
  samples: number,
  onStep: (says: string) => void,
): Promise<Backlog> {
  const gateway = await startGatewayThread(ground)
  const worker = await openCorner(ground, gateway, 'backlog', databaseName)
  try {
    const rows: BacklogRow[] = []
    for (const [what, paths] of Object.entries(readsOf(ledgerRows, waitingRows, samples))) {
      rows.push(await measureReads(what, paths, worker))
    }
    onStep('what an operator reads')
    for (const { name } of tasks) {
      rows.push(await measureBites(name, samples, worker))
      onStep(`bites: ${name}`)
    }
    const runs = await measureRuns(samples, worker, gateway)
    onStep('scheduled runs')
    return { rows, runs }
  } finally {
    for (const part of [worker, gateway]) await part.stop()
  }
}

/** Returns paths to request, each for something else. The first user has a tenth of all rejected deliveries. */
function readsOf(ledgerRows: number, waitingRows: number, count: number): Record<string, string[]> {
  const users = filledUsers(ledgerRows, count, 0)
  const every = (path: (n: number, user: string) => string) => users.map((user, n) => path(n, user))
  const explain = (id: string) => `/api/ops/explain/${id}`
  return {
    '/api/ready': every(() => '/api/ready'),
    'explain a user': every((_, user) => explain(user)),
    'explain the user with the most rejected deliveries': every(() => explain('user_f0')),
    'explain a payment': every((_, user) => explain(`pi_f1_${user}`)),
    'explain a refund that is parked': every((n) =>
      explain(`re_p_${(n * 7919) % Math.floor(waitingRows / 2)}`),
    ),
    'explain a customer for whom many deliveries are parked': every((n) => explain(`cus_c_${n % 10}`)),
    'explain an event': every((_, user) => explain(`evt_f1_${user}`)),
  }
}

async function measureReads(what: string, paths: string[], worker: Corner): Promise<BacklogRow> {
  return await measure(what, 'read', worker, async () => {
    const answers: Answer[] = []
    for (const path of paths) answers.push(await ask(worker, path))
    return answers
  })
}

async function measureBites(name: string, samples: number, worker: Corner): Promise<BacklogRow> {
  return await measure(`a bite of ${name}`, 'bite', worker, async () => {
    const answers: Answer[] = []
    let cursor: unknown = null
    do {
      const answer = await ask(worker, `/bite/${name}?cursor=${encodeURIComponent(JSON.stringify(cursor))}`)
      answers.push(answer)
      cursor = answer.cursor ?? null
    } while (answers.length < samples && answers.at(-1)?.more)
    return answers
  })
}

async function measureRuns(samples: number, worker: Corner, gateway: BenchGateway): Promise<RunsRow> {
  let requests = 0
  const { p50, worst, cpuMs } = await measure('runs', 'bite', worker, async () => {
    const answers: Answer[] = []
    for (let run = 0; run < samples; run++) {
      await worker.database.query('update ledgerhook.tasks set next_at = now()')
      await gateway.takeStats()
      answers.push(await ask(worker, '/run'))
      requests = Math.max(requests, (await gateway.takeStats()).requests)
    }
    return answers
  })
  return { requests, p50, worst, cpuMs }
}

async function measure(
  what: string,
  kind: BacklogRow['kind'],
  { pid }: Corner,
  act: () => Promise<Answer[]>,
): Promise<BacklogRow> {
  const before = await cpuMs(pid)
  const answers = await act()
  const after = await cpuMs(pid)
  const taken = answers.map(({ ms }) => ms)
  return {
    what,
    kind,
    p50: median(taken),
    worst: Math.max(...taken),
    cpuMs: before === null || after === null ? null : (after - before) / answers.length,
  }
}

/** Sends a request. Throws when the response is not 200, because a failure must not look fast. */
async function ask({ url, secrets }: Corner, path: string): Promise<Answer> {
  const startedAt = performance.now()
  const response = await fetch(url + path, { headers: { Authorization: `Bearer ${secrets.OPS_TOKEN}` } })
  const text = await response.text()
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${text}`)
  return { ms: performance.now() - startedAt, ...JSON.parse(text) }
}
