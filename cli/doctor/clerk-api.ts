import type { Context } from './context.ts'

const API = 'https://api.clerk.com'
const TIMEOUT_MS = 5_000

/** Clerk did not respond, or returned an error. Carries only the status. */
export class ClerkTrouble extends Error {
  override name = 'ClerkTrouble'
  readonly status: number | undefined

  constructor(status?: number) {
    super(status === undefined ? 'Clerk does not answer' : `Clerk returns ${status}`)
    this.status = status
  }
}

/** Sends a request to Clerk's Backend API. @throws ClerkTrouble */
export async function askClerk<Answer>(context: Context, path: string, method = 'GET'): Promise<Answer> {
  const response = await request(context, path, method)
  if (!response.ok) throw new ClerkTrouble(response.status)
  return (await response.json()) as Answer
}

/** Returns Clerk's time from the `Date` header. @throws ClerkTrouble */
export async function dateOfClerk(context: Context): Promise<string | null> {
  const response = await request(context, '/v1/instance', 'GET')
  await response.body?.cancel()
  return response.headers.get('date')
}

async function request(
  { settings: { CLERK_API_BASE, CLERK_SECRET_KEY } }: Context,
  path: string,
  method: string,
): Promise<Response> {
  try {
    return await fetch(`${CLERK_API_BASE ?? API}${path}`, {
      method,
      headers: { Authorization: `Bearer ${CLERK_SECRET_KEY}` },
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
  } catch {
    throw new ClerkTrouble()
  }
}
