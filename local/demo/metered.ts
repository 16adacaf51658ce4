import { LocalError } from '../../cli/shared/errors.ts'
import { clerkEvent } from '../events.ts'
import { readStats } from '../gateway/client.ts'
import { until } from '../until.ts'
import { actor } from './actor.ts'
import { observe, type Stage, send } from './play.ts'
import type { Scene } from './scene.ts'

const SOON_MS = 5_000
const [SPEND, GIVE_BACK, GRANT] = ['/api/wallet/spend', '/api/wallet/give-back', '/api/wallet/grant'] as const
const starter = { pack: 'starter' }

/** Returns the story of an app that meters usage: its backend's calls, and the events that it receives. */
export function meteredStory(stage: Stage): Scene[] {
  const ada = actor('user_ada', stage)
  const post = backend(stage)
  const scene = sceneOf(stage)
  const event = clerkEvent('user.created', { user: 'user_ada' })
  const job = { amount: 15, idempotency_key: 'job_1', reference: 'job_1' }
  const failed = { spend_key: 'job_1', idempotency_key: 'job_1_failed', note: 'The job failed' }
  const friend = { amount: 25, idempotency_key: 'friend_1', note: 'A friend came', campaign: 'friends' }
  return [
    scene(
      'Ada signs up, and the app hears of it',
      'user.created',
      async () => [await send({ provider: 'clerk', event }, stage)],
      ['200 applied', 'told user.created', 'told credits.granted 40'],
      40,
    ),
    scene('a job takes 15 credits', SPEND, () => post(SPEND, job), ['200'], 25),
    scene('its response was lost: sent again', SPEND, () => post(SPEND, job), ['200'], 25),
    scene('the job fails: given back', GIVE_BACK, () => post(GIVE_BACK, failed), ['200'], 40),
    scene(
      'more than that never comes back',
      GIVE_BACK,
      () => post(GIVE_BACK, { ...failed, idempotency_key: 'x' }),
      ['409 more_than_spent'],
      40,
    ),
    scene(
      'a friend came: 25 granted',
      GRANT,
      () => post(GRANT, friend),
      ['200', 'told credits.granted 65'],
      65,
    ),
    scene(
      'the campaign has no more for her',
      GRANT,
      () => post(GRANT, { ...friend, idempotency_key: 'friend_2' }),
      ['409 campaign_exhausted'],
      65,
    ),
    scene(
      'a large job: few credits are left',
      SPEND,
      () => post(SPEND, { amount: 60, idempotency_key: 'job_2' }),
      ['200', 'told credits.low 5'],
      5,
    ),
    scene(
      'the next one is too large',
      SPEND,
      () => post(SPEND, { amount: 15, idempotency_key: 'job_3' }),
      ['402 insufficient_credits'],
      5,
    ),
    scene('she wants 500 credits', 'POST /api/checkout', () => ada.buy(starter), ['200'], 5, 2),
    scene(
      'she pays, and the app hears of it',
      'checkout.session.completed',
      () => ada.pay('pay'),
      ['200 applied', 'told credits.purchased 505'],
      505,
    ),
    scene(
      'now the job goes through',
      SPEND,
      () => post(SPEND, { amount: 15, idempotency_key: 'job_3' }),
      ['200'],
      490,
    ),
  ]
}

/** Makes scenes that end when the app has received all events: each event costs one more request to the database. */
const sceneOf =
  (stage: Stage) =>
  (
    says: string,
    sent: string,
    act: () => Promise<string[]>,
    answers: string[],
    balance: number,
    first = 1,
  ): Scene => {
    const told = answers.filter((answer) => answer.startsWith('told ')).length
    const requests = first + told
    const ended = async () => (await readStats(stage.gatewayUrl)).requests >= requests
    return {
      says,
      sent: sent.replace(/^(?=\/api)/, 'POST '),
      promised: { answers, balance, requests },
      play: () =>
        observe('user_ada', stage, async () => {
          const said = await act()
          const heard = (await stage.receiver?.hears(told)) ?? []
          await until(ended, SOON_MS)
          return [...said, ...heard]
        }),
    }
  }

/** Returns a client that calls the API as the app's own backend. */
function backend({ workerUrl, secrets }: Stage) {
  const headers = { Authorization: `Bearer ${secrets.SERVICE_TOKEN}` }
  return async (path: string, body: object): Promise<string[]> => {
    const init = { method: 'POST', headers, body: JSON.stringify({ user_id: 'user_ada', ...body }) }
    const response = await fetch(workerUrl + path, init)
    const { error } = (await response.json()) as { error?: string }
    if (response.status === 401) throw new LocalError('the Worker does not know SERVICE_TOKEN')
    return [[response.status, error].filter(Boolean).join(' ')]
  }
}
