import type { Settings } from '../settings.ts'
import type { SignedIn } from '../users/signed-in.ts'
import { Refusal, refusal } from './route.ts'

/** The signed-in user of a request, who is brought by it if the webhook has not come yet. */
export const signedIn = (userId: string, settings: Settings): SignedIn => ({
  user_id: userId,
  signup_bonus: settings.SIGNUP_BONUS_CREDITS,
  erase: settings.USER_DELETION === 'delete',
})

export const deactivated = refusal('user_deactivated')

const STATUS = {
  insufficient_credits: 402,
  user_deactivated: 403,
  unknown_user: 404,
  idempotency_key_reused: 409,
} as const

/** What the database answered, unless it refused. @throws Refusal */
export function granted<Answer extends object>(
  answer: Answer | { refused: keyof typeof STATUS },
): Exclude<Answer, { refused: string }> {
  if (!('refused' in answer)) return answer as Exclude<Answer, { refused: string }>
  const { refused, ...more } = answer as { refused: keyof typeof STATUS }
  throw new Refusal(STATUS[refused], refused, more)
}
