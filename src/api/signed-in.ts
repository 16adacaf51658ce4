import * as z from 'zod/mini'
import { readUser } from '../clerk/read-user.ts'
import { type Database, hasTime, run } from '../db.ts'
import type { Settings } from '../settings.ts'
import type { SignedIn } from '../users/signed-in.ts'
import { Refusal, refusal } from './route.ts'

/** Who asks, and in which database. */
interface Asking {
  userId: string
  settings: Settings
  db: Database
}

/**
 * Returns what the database returns to a signed-in user. It creates the user if no webhook has come yet. With
 * `CLERK_SECRET_KEY`, such a user is first read from Clerk, and has address, name and signup bonus at once. All its calls
 * share the time of one.
 * @throws Refusal, DatabaseUnavailable
 */
export async function asSignedIn<Answer extends object>(
  { userId, settings, db: anytime }: Asking,
  ask: (db: Database, who: SignedIn) => Promise<Answer>,
) {
  const startedAt = Date.now()
  const db = { ...anytime, startedAt }
  const erase = settings.USER_DELETION === 'delete'
  if (settings.CLERK_SECRET_KEY) {
    const answer = await ask(db, { user_id: userId, bring: false, erase })
    if (!isUnknown(answer)) return granted(answer)
    const effect = hasTime(startedAt) ? await readUser(userId, settings) : null
    if (effect) await run(db, JSON.stringify({ via: 'session', erase }), effect)
  }
  return granted(await ask(db, { user_id: userId, bring: true, erase }))
}

const isUnknown = (answer: object) => 'refused' in answer && answer.refused === 'unknown_user'

export const deactivated = refusal('user_deactivated')
/** For routes that spend or buy. */
export const barred = () => z.object({ error: z.enum(['user_deactivated', 'user_banned']) })

const STATUS = {
  insufficient_credits: 402,
  user_deactivated: 403,
  user_banned: 403,
  unknown_user: 404,
  unknown_spend: 404,
  idempotency_key_reused: 409,
  more_than_spent: 409,
  campaign_exhausted: 409,
  grant_limit_exceeded: 409,
  limit_exceeded: 409,
} as const

type Refused = { refused: string }

/** Returns the database's result, unless it refused. @throws Refusal */
export function granted<Answer extends object>(answer: Answer): Exclude<Answer, Refused> {
  if (!('refused' in answer)) return answer as Exclude<Answer, Refused>
  const { refused, ...more } = answer as unknown as { refused: keyof typeof STATUS }
  throw new Refusal(STATUS[refused], refused, more)
}
