import { Webhook } from 'svix'
import type { Settings } from '../env.ts'
import type { Verification } from '../webhook/provider.ts'

const HEADERS = ['svix-id', 'svix-timestamp', 'svix-signature'] as const

/** Svix signs id, timestamp and body, and its SDK refuses what is more than 5 minutes old or ahead. */
export async function verify(
  headers: Headers,
  body: string,
  { CLERK_WEBHOOK_SECRET }: Settings,
): Promise<Verification> {
  const signed = Object.fromEntries(HEADERS.map((name) => [name, headers.get(name) ?? '']))
  if (HEADERS.some((name) => !signed[name])) return { verified: false, cause: 'header_missing' }

  const position = CLERK_WEBHOOK_SECRET.findIndex((secret) => matches(secret, body, signed))
  return position === -1 ? { verified: false, cause: 'no_match' } : { verified: true, secret: position + 1 }
}

function matches(secret: string, body: string, signed: Record<string, string>): boolean {
  try {
    new Webhook(secret).verify(body, signed)
    return true
  } catch {
    return false
  }
}
