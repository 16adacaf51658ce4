import type { Effect } from '../db.ts'
import { log } from '../log.ts'
import type { Settings } from '../settings.ts'
import { read } from '../webhook/provider.ts'
import { clerkUser } from './payload.ts'
import { effectOf } from './sync-user.ts'

const API = 'https://api.clerk.com'
/** A person waits for the page: without an answer the user is brought by the session alone. */
const TIMEOUT_MS = 2_000

/**
 * What a user as Clerk's Backend API has it does here. Null without `CLERK_SECRET_KEY`, and where Clerk does not
 * return the user. Not by the SDK: that turns the user into another shape than the one that events have.
 */
export async function readUser(userId: string, settings: Settings): Promise<Effect | null> {
  const { CLERK_SECRET_KEY, CLERK_API_BASE } = settings
  if (!CLERK_SECRET_KEY) return null
  try {
    const response = await fetch(`${CLERK_API_BASE ?? API}/v1/users/${encodeURIComponent(userId)}`, {
      headers: { Authorization: `Bearer ${CLERK_SECRET_KEY}` },
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    if (!response.ok) throw new Error(`status ${response.status}`)
    const user = read(clerkUser, await response.json())
    return user.id === userId ? effectOf(user, settings) : null
  } catch (error) {
    const cause = error instanceof Error && error.message.startsWith('status ') ? error.message : 'no answer'
    log({ message: 'clerk', level: 'warn', user: userId, cause })
    return null
  }
}
