import Stripe from 'stripe'
import type { Settings } from '../settings.ts'
import type { Verification } from '../webhook/provider.ts'

const TOLERANCE_S = 300

/**
 * The SDK's asynchronous path: in a Worker it has Web Crypto only. What is dated ahead would pass there, and is refused
 * here, or a stolen future signature could be replayed until then.
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

/** Read strictly: the SDK takes the last of several `t=`, and more than digits for a number. */
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
