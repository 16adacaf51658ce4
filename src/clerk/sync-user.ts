import { syncUser as sync } from '../users/verbs.ts'
import { type Handler, read } from '../webhook/provider.ts'
import { displayName, primaryEmail, userEvent } from './payload.ts'

export const syncUser: Handler = (event, settings) => {
  const { data: user } = read(userEvent, event)
  const email = primaryEmail(user)

  return sync({
    user_id: user.id,
    email: email?.address ?? null,
    email_verified: email?.verified ?? false,
    email_required: settings.REQUIRE_EMAIL,
    name: displayName(user),
    updated_at: user.updated_at,
    signup_bonus: settings.SIGNUP_BONUS_CREDITS,
  })
}
