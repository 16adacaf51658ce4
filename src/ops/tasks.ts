import { sendDue } from '../outgoing/send-due.ts'
import { providers } from '../providers.ts'
import { reconcileInTurn } from '../reconcile/scheduled.ts'
import { cancelOrphans } from '../stripe/cancel-orphans.ts'
import { rememberAccount } from '../stripe/serve-account.ts'
import { markOrphans } from '../subscriptions/orphans.ts'
import { erasePayloads } from '../users/erase.ts'
import { useKnownAddresses } from '../users/use-addresses.ts'
import { expirePayloads } from '../webhook/expire.ts'
import { giveUp, releaseArrived, retryDue } from '../webhook/release.ts'
import type { Budget } from './budget.ts'
import type { Task } from './task.ts'
import { watchingTasks } from './watching-tasks.ts'

/** Less than the minute between two runs, so that the next run finds it due. */
const EACH_RUN_S = 50
const HOUR_S = 3_600

/** Requests for one delivery that is retried: it may be parked, then it is read from Stripe and committed. */
const EACH_RETRY = 3
const RETRIES = 5
/** Requests for one subscription: it is cancelled, perhaps read, and marked. */
const EACH_CANCELLATION = 3
const CANCELLATIONS = 3
/** Requests for one event: it is sent, and its result is recorded. Every second one is also taken by a request. */
const EACH_SENT = 2.5
/** Events of a bite: more if a run may make more requests. */
const SENT = 5
const SENT_OF_REQUESTS = 1 / 20

/** Requests for comparing with the providers: more if a run may make more. */
const RECONCILED = 16
/** The longest turn, even if a provider does not respond: less than half of a run. */
const RECONCILE_MS = 20_000

/** Returns how many items a bite may take. One that is taken but not tried would have to wait for its next turn. */
const affordable = ({ forTasks }: Budget, each: number, most: number) =>
  Math.min(most, Math.max(1, Math.floor((forTasks - 1) / each)))

/** Add tasks here. */
export const tasks: Task[] = [
  ...watchingTasks,
  {
    name: 'release_arrived',
    everyS: EACH_RUN_S,
    share: 10,
    least: 1,
    bite: async ({ settings, db }) => ({ more: await releaseArrived(settings, db) }),
  },
  {
    name: 'retry_due',
    everyS: EACH_RUN_S,
    share: 16,
    least: 1 + EACH_RETRY,
    bite: async ({ settings, db, budget }) => ({
      more: await retryDue(providers, settings, db, affordable(budget, EACH_RETRY, RETRIES), budget.fetch),
    }),
  },
  {
    name: 'erase_payloads',
    everyS: EACH_RUN_S,
    share: 10,
    least: 1,
    bite: async ({ db }) => ({ more: await erasePayloads(db) }),
  },
  {
    name: 'mark_orphans',
    everyS: EACH_RUN_S,
    share: 5,
    least: 1,
    bite: async ({ db }, since) => await markOrphans(db, since),
  },
  {
    name: 'cancel_orphans',
    everyS: EACH_RUN_S,
    share: 12,
    least: 1 + EACH_CANCELLATION,
    bite: async ({ settings, db, budget }) => ({
      more:
        settings.CANCEL_ON_DELETION &&
        (await cancelOrphans(
          settings,
          db,
          affordable(budget, EACH_CANCELLATION, CANCELLATIONS),
          budget.fetch,
        )),
    }),
  },
  {
    name: 'give_up',
    everyS: 600,
    share: 10,
    least: 1,
    bite: async ({ settings, db }) => ({ more: await giveUp(settings, db) }),
  },
  {
    name: 'expire_payloads',
    everyS: HOUR_S,
    share: 10,
    least: 1,
    bite: async ({ settings: { PAYLOAD_RETENTION_DAYS: days }, db }) => ({
      more: days !== undefined && (await expirePayloads(days, db)),
    }),
  },
  {
    name: 'remember_account',
    everyS: HOUR_S,
    share: 4,
    least: 4,
    bite: async ({ settings, db, budget }) => {
      await rememberAccount(settings, db, budget.fetch)
      return { more: false }
    },
  },
  {
    name: 'use_addresses',
    everyS: EACH_RUN_S,
    share: 5,
    least: 1,
    bite: async ({ settings, db }, cursor) =>
      await useKnownAddresses(settings.SIGNUP_BONUS_ONCE_PER === 'email', db, cursor),
  },
  {
    name: 'reconcile',
    everyS: EACH_RUN_S,
    share: RECONCILED,
    least: 6,
    bite: async ({ settings, db, budget }, cursor) => {
      if (settings.RECONCILE === 'off') return { more: false, cursor }
      const requests = budget.part(
        Math.max(RECONCILED, Math.floor(settings.RUN_SUBREQUESTS / 3)),
        Date.now() + RECONCILE_MS,
      )
      const within = { settings, db: requests.database(db), requests }
      return { more: false, ...(await reconcileInTurn(within, cursor)) }
    },
  },
  {
    // Last, so that a slow receiver delays nothing else.
    name: 'send_events',
    everyS: EACH_RUN_S,
    share: 11,
    least: 3,
    bite: async ({ settings, db, budget }) => {
      const most = Math.max(SENT, Math.floor(settings.RUN_SUBREQUESTS * SENT_OF_REQUESTS))
      return { more: await sendDue(settings, db, affordable(budget, EACH_SENT, most), budget.fetch) }
    },
  },
]

export const TASK_NAMES = tasks.map(({ name }) => name)
