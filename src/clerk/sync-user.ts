import type { Effect } from '../db.ts'
import type { Settings } from '../settings.ts'
import * as users from '../users/verbs.ts'
import { type Handler, read } from '../webhook/provider.ts'
import { type ClerkUser, displayName, primaryEmail, userEvent, verifiedAddresses } from './payload.ts'

export const syncUser: Handler = (event, settings) => effectOf(read(userEvent, event).data, settings)

/** Returns the effect here of a user as Clerk has it. */
export function effectOf(user: ClerkUser, settings: Settings): Effect {
  const email = primaryEmail(user)
  return users.sync({
    user_id: user.id,
    email: email?.address ?? null,
    email_verified: email?.verified ?? false,
    email_required: settings.REQUIRE_EMAIL,
    name: displayName(user),
    updated_at: user.updated_at,
    created_at: user.created_at,
    banned: user.banned ?? false,
    signup_bonus: settings.SIGNUP_BONUS_CREDITS,
    signup_bonus_since: settings.SIGNUP_BONUS_SINCE ?? null,
    signup_bonus_once_per: settings.SIGNUP_BONUS_ONCE_PER,
    verified_addresses: settings.SIGNUP_BONUS_ONCE_PER === 'email' ? verifiedAddresses(user) : null,
  })
}
