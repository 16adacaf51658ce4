import type { Effect } from '../db.ts'
import { log } from '../log.ts'
import type { Settings } from '../settings.ts'
import { read } from '../webhook/provider.ts'
import { clerkUser } from './payload.ts'
import { effectOf } from './sync-user.ts'

const API = 'https://api.clerk.com'
/** A person waits for the page. If Clerk does not respond in time, the session alone creates the user. */
const TIMEOUT_MS = 2_000

/**
 * Reads a user from Clerk's Backend API, and returns its effect here. Null without `CLERK_SECRET_KEY`, or if Clerk does
 * not return the user. It does not use the SDK, which gives users another shape than events do.
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
