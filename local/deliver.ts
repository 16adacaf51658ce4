import { LocalError } from '../cli/shared/errors.ts'
import type { ProviderName } from '../src/webhook/provider.ts'
import { type Signing, sign } from './sign.ts'

/** An event in the form in which its provider sends it. */
export interface SignedEvent {
  headers: Record<string, string>
  body: string
}

/** A webhook as a provider sends it. */
export interface SignedRequest extends SignedEvent {
  url: string
}

const CONTENT_TYPES = { clerk: 'application/json', stripe: 'application/json; charset=utf-8' }

/** Signs an event as its provider does. Stripe indents its bodies, Svix does not. */
export async function signedEvent(
  provider: ProviderName,
  event: object,
  signing: Signing,
): Promise<SignedEvent> {
  const body = JSON.stringify(event, null, provider === 'stripe' ? 2 : 0)
  return {
    headers: { 'content-type': CONTENT_TYPES[provider], ...(await sign(provider, body, signing)) },
    body,
  }
}

/** Returns the address at which a Worker receives a provider's webhooks. */
export const webhookUrl = (workerUrl: string, provider: ProviderName) =>
  `${workerUrl}/api/webhooks/${provider}`

/** Signs an event for the Worker at that address. */
export async function signedRequest(
  workerUrl: string,
  provider: ProviderName,
  event: object,
  signing: Signing,
): Promise<SignedRequest> {
  return { url: webhookUrl(workerUrl, provider), ...(await signedEvent(provider, event, signing)) }
}

/** The timeout of a provider: Checkout waits 10 s for the response (Stripe: Checkout fulfilment), Svix 15 s. */
const GIVES_UP_MS = 10_000

/** Posts an event as a provider does. The status is null when there was no response. */
export async function post(
  url: string,
  { headers, body }: SignedEvent,
): Promise<{ status: number | null; answer: unknown }> {
  try {
    const signal = AbortSignal.timeout(GIVES_UP_MS)
    const response = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'manual' })
    return { status: response.status, answer: parsed(await response.text()) }
  } catch (error) {
    return { status: null, answer: (error as Error).message }
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** The Worker's response to a webhook. */
export interface Answer {
  status: number
  text: string
  /** The outcome of a verified delivery. */
  outcome?: string | undefined
  reason?: string | null | undefined
}

/** Delivers a webhook. Throws a LocalError when there is no response. */
export async function deliver({ url, headers, body }: SignedRequest): Promise<Answer> {
  const response = await fetch(url, { method: 'POST', headers, body }).catch(() => {
    throw new LocalError(
      `no response from ${new URL(url).origin}: start the Worker with \`npm run dev\`, or name another address`,
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
