import { styleText } from 'node:util'

const TUNNEL = /Tunnel:.*(https:\/\/[^\s/]+)/
const QR_CODE = /^[█▀▄ ]+$/

/**
 * Returns what to show of a line of wrangler's, if anything: for a tunnel, the addresses to enter at Clerk and Stripe.
 */
export function outputLine(line: string): string | undefined {
  const [, tunnel] = TUNNEL.exec(line) ?? []
  if (tunnel) {
    return ['clerk', 'stripe']
      .map((provider) => `${styleText('bold', 'public')}    ${tunnel}/api/webhooks/${provider}`)
      .join('\n')
  }
  return QR_CODE.test(line) ? undefined : line
}
