import type { Context } from './context.ts'

const API = 'https://api.clerk.com'
const TIMEOUT_MS = 5_000

/** Clerk does not answer, or not as it should. Carries the status alone. */
export class ClerkTrouble extends Error {
  override name = 'ClerkTrouble'
  readonly status: number | undefined

  constructor(status?: number) {
    super(status === undefined ? 'Clerk does not answer' : `Clerk returns ${status}`)
    this.status = status
  }
}

/** Asks Clerk's Backend API. @throws ClerkTrouble */
export async function askClerk<Answer>(context: Context, path: string, method = 'GET'): Promise<Answer> {
  const response = await request(context, path, method)
  if (!response.ok) throw new ClerkTrouble(response.status)
  return (await response.json()) as Answer
}

/** Returns Clerk's clock, as the header `Date` has it. @throws ClerkTrouble */
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
