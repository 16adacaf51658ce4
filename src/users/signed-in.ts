/** A signed-in user. One whom the webhook has not brought yet is brought by the request: `ensure_user.sql` says how. */
export interface SignedIn {
  user_id: string
  /** Whether the request brings a user who is not here. Else such a one is refused as `unknown_user`. */
  bring: boolean
  /** Whether deleted users' payloads are erased. */
  erase: boolean
}

/** Why a signed-in user may not act. */
export type UserRefusal = { refused: 'user_deactivated' | 'user_banned' | 'unknown_user' }
