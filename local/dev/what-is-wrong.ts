import { spillOf } from '../../src/queue/spill.ts'
import { Misconfigured } from '../../src/settings/misconfigured.ts'
import { settingsOf } from '../../src/settings.ts'
import { isLiveKey } from '../../src/stripe/key.ts'
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

/** Returns a line for each key with which a Worker for development would act on what is real. */
export function liveKeys({ STRIPE_SECRET_KEY = '', CLERK_SECRET_KEY = '' }: Vars): string[] {
  return [
    ...(isLiveKey({ STRIPE_SECRET_KEY })
      ? [
          'STRIPE_SECRET_KEY is of live mode: what is bought here costs real money, and a user who is deleted here loses a real subscription',
        ]
      : []),
    ...(CLERK_SECRET_KEY.startsWith('sk_live_')
      ? ['CLERK_SECRET_KEY is of a production instance: real people are read into this database']
      : []),
  ]
}

const isQueueBound = (flags: { spill?: boolean }) => /^\[\[queues\.producers]]/m.test(workerConfig(flags))
