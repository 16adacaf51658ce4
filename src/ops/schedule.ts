import { call, connect, type Database, DatabaseUnavailable } from '../db.ts'
import { log } from '../log.ts'
import { telling } from '../outgoing/telling.ts'
import type { Settings } from '../settings.ts'
import { Budget } from './budget.ts'
import { type Bite, type Run, type Task, tasks } from './tasks.ts'

/** Longer than any run takes. A lease of a run that has died is taken over then. */
const LEASE_S = 300
/** Less than the minute after which Cloudflare starts the next run. */
const RUN_MS = 45_000

interface Ended {
  name: string
  good: boolean
  in_s: number
  cursor: unknown
}

/**
 * One scheduled run: the tasks that are most overdue, each in bites, within the requests that a run may make.
 * @throws DatabaseUnavailable where the run could not begin
 */
export async function runTasks(settings: Settings): Promise<void> {
  const startedAt = Date.now()
  const budget = new Budget(settings.RUN_SUBREQUESTS)
  // What a run tells is sent by its own task.
  const db = telling(connect(settings), settings)
  const run: Run = { settings, db: budget.database(db), budget }

  const names = tasks.map(({ name }) => name)
  const leased = await call<{ name: string; cursor: unknown }[]>(run.db, 'lease_tasks', [
    { names, most: names.length, lease_s: LEASE_S },
  ])
  const ended: Ended[] = []
  for (const { name, cursor } of leased) {
    const task = tasks.find((one) => one.name === name)
    if (task) ended.push(await perform(task, cursor, run, startedAt + RUN_MS))
  }
  if (ended.length > 0)
    await finish(
      budget.database(db, () => budget.left),
      ended,
    )
}

/** Does bites of one task until nothing is left, or its share of the requests or the time is spent. */
async function perform(task: Task, cursor: unknown, run: Run, until: number): Promise<Ended> {
  const leastLeft = run.budget.left - task.share
  let bite: Bite = { more: true, cursor }
  try {
    while (bite.more && run.budget.forTasks > 0 && run.budget.left > leastLeft && Date.now() < until) {
      bite = await task.bite(run, bite.cursor)
    }
    return { name: task.name, good: true, in_s: bite.more ? 0 : task.everyS, cursor: bite.cursor ?? null }
  } catch (error) {
    if (run.budget.forTasks <= 0) return { name: task.name, good: true, in_s: 0, cursor: bite.cursor ?? null }
    log({ message: 'task failed', level: 'error', task: task.name, cause: causeOf(error) })
    return { name: task.name, good: false, in_s: task.everyS, cursor: null }
  }
}

/** A lease that cannot be ended runs out by itself: the bites of its task may be done twice. */
async function finish(db: Database, ended: Ended[]): Promise<void> {
  try {
    await call(db, 'finish_tasks', [{ tasks: ended }])
  } catch (error) {
    log({ message: 'leases were not ended', level: 'warn', cause: causeOf(error) })
  }
}

/** Our own messages hold codes alone; those of libraries may hold what they were given. */
export function causeOf(error: unknown): string {
  if (error instanceof DatabaseUnavailable) return error.message
  return error instanceof Error ? error.name : 'unknown'
}
