import Stripe from 'stripe'
import type { Settings } from '../settings.ts'
import type { Verification } from '../webhook/provider.ts'

const TOLERANCE_S = 300

/**
 * Verifies a signature with the SDK's asynchronous function, because a Worker has only Web Crypto. The SDK accepts a
 * signature dated in the future. It is refused here, because a stolen one could be replayed until that time.
 */
export async function verify(
  headers: Headers,
  body: string,
  { STRIPE_WEBHOOK_SECRET }: Settings,
  nowMs: number,
): Promise<Verification> {
  const header = headers.get('stripe-signature')
  if (!header) return { verified: false, cause: 'header_missing' }
  if (isOutsideTolerance(header, nowMs)) return { verified: false, cause: 'outside_tolerance' }

  for (const [index, secret] of STRIPE_WEBHOOK_SECRET.entries()) {
    if (await matches(secret, header, body, nowMs)) return { verified: true, secret: index + 1 }
  }
  return { verified: false, cause: 'no_match' }
}

/**
 * Whether the header's time is too far from now. It is read strictly: the SDK takes the last of several `t=`, and
 * accepts more than digits as a number.
 */
function isOutsideTolerance(header: string, nowMs: number): boolean {
  const moments = header.split(',').filter((item) => item.startsWith('t='))
  const [, seconds] = /^t=(\d+)$/.exec(moments.join()) ?? []
  return seconds === undefined || Math.abs(Math.floor(nowMs / 1000) - Number(seconds)) > TOLERANCE_S
}

async function matches(secret: string, header: string, body: string, nowMs: number): Promise<boolean> {
  try {
    const { signature } = Stripe.webhooks
    return (await signature?.verifyHeaderAsync(body, header, secret, TOLERANCE_S, undefined, nowMs)) === true
  } catch {
    return false
  }
}
