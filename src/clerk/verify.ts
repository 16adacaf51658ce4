import { Webhook } from 'svix'
import type { Settings } from '../settings.ts'
import type { Verification } from '../webhook/provider.ts'

const HEADERS = ['svix-id', 'svix-timestamp', 'svix-signature'] as const

const TOLERANCE_S = 300

/**
 * Verifies a signature of Svix, which signs id, timestamp and body. Its SDK refuses what is more than 5 minutes old or
 * ahead.
 */
export async function verify(
  headers: Headers,
  body: string,
  { CLERK_WEBHOOK_SECRET }: Settings,
  nowMs: number,
): Promise<Verification> {
  const signed = Object.fromEntries(HEADERS.map((name) => [name, headers.get(name) ?? '']))
  if (HEADERS.some((name) => !signed[name])) return { verified: false, cause: 'header_missing' }

  if (isOutsideTolerance(signed['svix-timestamp'], nowMs))
    return { verified: false, cause: 'outside_tolerance' }

  const position = CLERK_WEBHOOK_SECRET.findIndex((secret) => matches(secret, body, signed))
  return position === -1 ? { verified: false, cause: 'no_match' } : { verified: true, secret: position + 1 }
}

/** Whether the time is too far from now. Only the log needs this distinction: the SDK refuses such a message too. */
function isOutsideTolerance(timestamp: string | undefined, nowMs: number): boolean {
  return Math.abs(Math.floor(nowMs / 1000) - Number.parseInt(timestamp ?? '', 10)) > TOLERANCE_S
}

function matches(secret: string, body: string, signed: Record<string, string>): boolean {
  try {
    new Webhook(secret).verify(body, signed)
    return true
  } catch {
    return false
  }
}
