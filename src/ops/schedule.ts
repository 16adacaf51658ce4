import { call, connect, type Database, DatabaseUnavailable } from '../db.ts'
import { log } from '../log.ts'
import { telling } from '../outgoing/telling.ts'
import type { Settings } from '../settings.ts'
import { Budget, SPENT } from './budget.ts'
import type { Bite, Run, Task } from './task.ts'
import { TASK_NAMES, tasks } from './tasks.ts'

/** Longer than any run takes. After it, the lease of a run that has died is taken over. late_tasks has it too. */
const LEASE_S = 300
/** Less than the minute after which Cloudflare starts the next run. */
const RUN_MS = 45_000

interface Lease {
  name: string
  cursor: unknown
  /** When it expires, as Postgres writes it. A run may end only the lease that it still holds. */
  lease: string
  /** Whether another run died with it, perhaps because of this task. */
  taken_over: boolean
}

interface Ended {
  name: string
  lease: string
  good: boolean
  /** Seconds until its next turn. Null: it had none, and stays as overdue as it is. */
  in_s: number | null
  cursor: unknown
}

/**
 * Makes one scheduled run: the tasks that are most overdue, each in bites, within the requests that a run may make.
 * Returns whether the run ended as it should, whatever became of its tasks.
 * @throws DatabaseUnavailable if the run could not begin
 */
export async function runTasks(settings: Settings): Promise<boolean> {
  const until = Date.now() + RUN_MS
  // One request is for the heartbeat.
  const budget = new Budget(settings.RUN_SUBREQUESTS - (settings.HEARTBEAT_URL ? 1 : 0))
  // Outgoing events of a run are sent by their own task.
  const db = telling(connect(settings), settings)
  const run: Run = { settings, db: budget.database(db), budget, taskNames: TASK_NAMES }

  const facts = { names: TASK_NAMES, most: TASK_NAMES.length, lease_s: LEASE_S }
  const leased = await call<Lease[]>(run.db, 'lease_tasks', [facts])
  // A task that may have killed a run delays no other: the other leases are ended before it begins.
  let good = true
  for (const turn of [leased.filter((one) => !one.taken_over), leased.filter((one) => one.taken_over)]) {
    const ended: Ended[] = []
    for (const lease of turn) ended.push(await perform(lease, run, until))
    const ending = budget.database(db, () => budget.left)
    if (ended.length > 0 && !(await finish(ending, ended))) good = false
  }
  return good
}

/** Runs bites of one task until nothing is left, or until its share of the requests or the time is spent. */
async function perform({ name, cursor, lease }: Lease, run: Run, until: number): Promise<Ended> {
  const task = tasks.find((one) => one.name === name) as Task
  const leastLeft = run.budget.left - task.share
  let bite: Bite = { more: true, cursor }
  const ended = (good: boolean, in_s: number | null) => ({
    name,
    lease,
    good,
    in_s,
    cursor: bite.cursor ?? null,
  })
  const mayGoOn = () => run.budget.forTasks >= task.least && run.budget.left > leastLeft && Date.now() < until
  if (!mayGoOn()) return ended(true, null)
  try {
    while (bite.more && mayGoOn()) bite = await task.bite(run, bite.cursor)
    return ended(true, bite.more ? 0 : (bite.inS ?? task.everyS))
  } catch (error) {
    const cause = causeOf(error)
    if (cause === SPENT) return ended(true, 0)
    log({ message: 'task failed', level: 'error', task: name, cause })
    return ended(false, task.everyS)
  }
}

/** Ends leases. One that cannot be ended expires; its task's bites may then be done twice. */
async function finish(db: Database, ended: Ended[]): Promise<boolean> {
  try {
    await call(db, 'finish_tasks', [{ tasks: ended }])
    return true
  } catch (error) {
    log({ message: 'leases were not ended', level: 'warn', cause: causeOf(error) })
    return false
  }
}

/** Returns a cause without data: our own messages contain only codes, but those of libraries may quote their input. */
export function causeOf(error: unknown): string {
  if (error instanceof DatabaseUnavailable) return error.message
  return error instanceof Error ? error.name : 'unknown'
}
