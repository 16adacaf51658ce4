import { ProviderTrouble, troubleOf } from '../provider-trouble.ts'
import type { Settings } from '../settings.ts'
import { member } from '../values.ts'

const API = 'https://api.clerk.com'
const TIMEOUT_MS = 10_000

/**
 * Reads a path of Clerk's Backend API, with its query. It does not use the SDK, which gives users another shape than
 * events do.
 * @throws ProviderTrouble
 */
export async function readClerk(
  path: string,
  { CLERK_SECRET_KEY, CLERK_API_BASE }: Settings,
  fetcher: typeof fetch = (input, init) => fetch(input, init),
): Promise<unknown> {
  const response = await fetcher(`${CLERK_API_BASE ?? API}${path}`, {
    headers: { Authorization: `Bearer ${CLERK_SECRET_KEY}` },
    redirect: 'manual',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch(() => {
    throw new ProviderTrouble('unavailable', 'no answer')
  })
  const body: unknown = await response.json().catch(() => null)
  if (response.ok && body !== null) return body
  const kind = response.ok ? 'unavailable' : troubleOf(response.status)
  // A proxy's 404 says nothing about a user.
  const isClerks = kind !== 'missing' || codeOf(body) === 'resource_not_found'
  const cause = codeOf(body) ?? `status ${response.status}`
  throw new ProviderTrouble(isClerks ? kind : 'unavailable', cause, response.headers.get('retry-after'))
}

function codeOf(body: unknown): string | null {
  const errors = member(body, 'errors')
  const code = Array.isArray(errors) ? member(errors[0], 'code') : null
  return typeof code === 'string' && /^\w{1,60}$/.test(code) ? code : null
}
