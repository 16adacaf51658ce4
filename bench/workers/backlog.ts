// Ledgerhook with two more routes: one runs a bite of one task, the other a whole scheduled run, which a clock starts
// in production.
import { connect } from '../../src/db.ts'
import ledgerhook from '../../src/index.ts'
import { Budget } from '../../src/ops/budget.ts'
import { TASK_NAMES, tasks } from '../../src/ops/tasks.ts'
import { settingsOf } from '../../src/settings.ts'

/** More than any bite makes. */
const REQUESTS = 1_000

export default {
  async fetch(request: Request, env: object): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    if (pathname === '/run') {
      return await ledgerhook.scheduled({ scheduledTime: Date.now() }, env).then(
        () => Response.json({ more: false }),
        () => Response.json({ error: 'failed' }, { status: 503 }),
      )
    }
    const task = tasks.find(({ name }) => pathname === `/bite/${name}`)
    if (!task) return await ledgerhook.fetch(request, env)
    const settings = settingsOf(env)
    const budget = new Budget(REQUESTS)
    const db = budget.database(connect(settings))
    return Response.json(
      await task.bite(
        { settings, db, budget, taskNames: TASK_NAMES },
        JSON.parse(searchParams.get('cursor') ?? 'null'),
      ),
    )
  },
}
