import { checkAlerts } from './alerts.ts'
import { reportAttention } from './attention.ts'
import { findOverlooked } from './overlooked.ts'
import { rollUp } from './rates.ts'
import { sendAlerts } from './send-alerts.ts'
import type { Task } from './task.ts'

/** Less than the minute between two runs, so that the next run finds it due. */
const EACH_RUN_S = 50
const HOUR_S = 3_600
/** Messages that are sent in parallel: a slow receiver delays a run by at most five seconds, however many there are. */
const SENT = 5

/** Tasks that examine the present state, and report what a person should know. */
export const watchingTasks: Task[] = [
  {
    name: 'attention',
    everyS: HOUR_S,
    share: 4,
    least: 1,
    bite: async ({ db, taskNames }) => {
      await reportAttention(db, taskNames)
      return { more: false }
    },
  },
  {
    name: 'find_overlooked',
    everyS: 24 * HOUR_S,
    share: 5,
    least: 1,
    bite: async ({ db }, after) => await findOverlooked(db, after),
  },
  {
    name: 'roll_up',
    everyS: EACH_RUN_S,
    share: 10,
    least: 1,
    bite: async ({ db }, until) => await rollUp(db, until),
  },
  {
    name: 'check_alerts',
    everyS: EACH_RUN_S,
    // One check, and perhaps a second one with Stripe's newest event.
    share: 4,
    least: 3,
    bite: async (run) => {
      await checkAlerts(run)
      return { more: false }
    },
  },
  {
    name: 'send_alerts',
    everyS: EACH_RUN_S,
    share: 2 * (SENT + 2),
    least: 3,
    bite: async ({ settings, db, budget }) => ({
      more: await sendAlerts(settings, db, Math.min(SENT, Math.max(1, budget.forTasks - 2)), budget.fetch),
    }),
  },
]
