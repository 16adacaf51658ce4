import { LocalError } from '../cli/shared/errors.ts'
import type { ProviderName } from '../src/webhook/provider.ts'
import { randomId } from './events.ts'
import { signClerk, signStripe } from './sign.ts'

/** A webhook as a provider sends it. */
export interface SignedRequest {
  url: string
  headers: Record<string, string>
  body: string
}

export interface SigningOptions {
  secret: string
  /** Svix's message id, which is Clerk's event id: Stripe's stands in the event. */
  messageId?: string | undefined
  /** The moment of signing, milliseconds. */
  signedAt?: number | undefined
}

/** Signs an event as its provider does, in the form in which it is sent: Stripe's bodies are indented. */
export async function signedRequest(
  workerUrl: string,
  provider: ProviderName,
  event: object,
  { secret, messageId = randomId('msg'), signedAt = Date.now() }: SigningOptions,
): Promise<SignedRequest> {
  const body = JSON.stringify(event, null, provider === 'stripe' ? 2 : 0)
  const signature =
    provider === 'clerk'
      ? signClerk(body, secret, messageId, signedAt)
      : await signStripe(body, secret, signedAt)
  return {
    url: `${workerUrl}/api/webhooks/${provider}`,
    headers: { 'content-type': 'application/json', ...signature },
    body,
  }
}

/** What the Worker answered. */
export interface Answer {
  status: number
  text: string
  /** Of a verified delivery. */
  outcome?: string | undefined
  reason?: string | null | undefined
}

/** Delivers it. Throws a LocalError when nothing answers there. */
export async function deliver({ url, headers, body }: SignedRequest): Promise<Answer> {
  const response = await fetch(url, { method: 'POST', headers, body }).catch(() => {
    throw new LocalError(
      `nothing answers at ${new URL(url).origin}: start the Worker with \`npm run dev\`, or name another address`,
    )
  })
  const text = await response.text()
  return { status: response.status, text, ...verdict(text) }
}

function verdict(text: string): Pick<Answer, 'outcome' | 'reason'> {
  try {
    const { outcome, reason } = JSON.parse(text)
    return { outcome, reason }
  } catch {
    return {}
  }
}
