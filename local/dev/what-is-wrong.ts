import { spillOf } from '../../src/queue/spill.ts'
import { Misconfigured } from '../../src/settings/misconfigured.ts'
import { settingsOf } from '../../src/settings.ts'
import type { Vars } from '../dev-vars.ts'
import { workerConfig } from '../worker-config.ts'

/** Returns why the Worker would refuse webhooks with these settings: a line for each of them. */
export function whatIsWrong(settings: Vars, flags: { spill?: boolean }): string[] {
  try {
    spillOf(isQueueBound(flags) ? { SPILL: {} } : {}, settingsOf(settings))
    return []
  } catch (error) {
    if (!(error instanceof Misconfigured)) throw error
    return error.reasons.map((reason) =>
      reason.startsWith('SPILL:') ? `${reason}: --spill binds it here` : reason,
    )
  }
}

const isQueueBound = (flags: { spill?: boolean }) => /^\[\[queues\.producers]]/m.test(workerConfig(flags))
