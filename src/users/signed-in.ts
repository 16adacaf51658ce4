/** A signed-in user. If no webhook has created the user yet, the request does: `ensure_user.sql` says how. */
export interface SignedIn {
  user_id: string
  /** Whether the request creates a user who is not here yet. If not, such a user is refused as `unknown_user`. */
  bring: boolean
  /** Whether deleted users' payloads are erased. */
  erase: boolean
}

/** Why a signed-in user may not act. */
export type UserRefusal = { refused: 'user_deactivated' | 'user_banned' | 'unknown_user' }
