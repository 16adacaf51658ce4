import { syncUser as sync } from '../users/verbs.ts'
import { type Handler, read } from '../webhook/provider.ts'
import { displayName, primaryEmail, userEvent } from './payload.ts'

export const syncUser: Handler = (event, settings) => {
  const { data: user } = read(userEvent, event)
  const email = primaryEmail(user)
  if (!email && settings.REQUIRE_EMAIL) return { outcome: 'rejected', reason: 'missing_email' }

  return sync({
    user_id: user.id,
    email: email?.address ?? null,
    email_verified: email?.verified ?? false,
    name: displayName(user),
    updated_at: user.updated_at,
    signup_bonus: settings.SIGNUP_BONUS_CREDITS,
  })
}
