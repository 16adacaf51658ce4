import { styleText } from 'node:util'

const TUNNEL = /Tunnel:.*(https:\/\/[^\s/]+)/
const QR_CODE = /^[█▀▄ ]+$/

/** A line of wrangler's own, as far as it is of use: a tunnel's address is what Clerk and Stripe want to be told. */
export function outputLine(line: string): string | undefined {
  const [, tunnel] = TUNNEL.exec(line) ?? []
  if (tunnel) {
    return ['clerk', 'stripe']
      .map((provider) => `${styleText('bold', 'public')}    ${tunnel}/api/webhooks/${provider}`)
      .join('\n')
  }
  return QR_CODE.test(line) ? undefined : line
}
