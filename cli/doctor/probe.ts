import { randomUUID } from 'node:crypto'
import { type Signing, sign } from '../../local/sign.ts'
import { PROBE, PROBE_HEADER } from '../../src/webhook/probe.ts'
import { webhookUrl } from './stripe-endpoint.ts'

const TIMEOUT_MS = 10_000

export interface Answer {
  status: number
  headers: Headers
  /** The body of the response. Undefined if it is not JSON. */
  body: { outcome?: string; reason?: string; error?: string; status?: string } | undefined
}

/** Sends a request to the Worker, and follows no redirect. Returns null if there is no response. */
export async function ask(url: string, init: RequestInit = {}): Promise<Answer | null> {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS)
    const response = await fetch(url, { ...init, redirect: 'manual', signal })
    const text = await response.text()
    return { status: response.status, headers: response.headers, body: parsed(text) }
  } catch {
    return null
  }
}

function parsed(text: string): Answer['body'] {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Returns a body for each provider. Stripe puts the event's id into the body, Clerk into a header. */
const bodies = {
  clerk: () => PROBE,
  stripe: () => JSON.stringify({ id: `evt_probe_${randomUUID().replaceAll('-', '')}`, ...JSON.parse(PROBE) }),
}

/**
 * Sends a webhook that is signed with this secret and has no effect: the Worker verifies it, ignores it, and sends
 * nothing to the database. `tampered` changes the body after signing.
 */
export async function probe(
  url: string,
  provider: 'clerk' | 'stripe',
  signing: Signing,
  { tampered = false } = {},
): Promise<Answer | null> {
  const body = bodies[provider]()
  const headers = { ...(await sign(provider, body, signing)), ...(await proofOf(provider, signing.secret)) }
  return await post(url, provider, tampered ? body.replace('"event"', '"tampered"') : body, headers)
}

/** Sends a webhook without a signature. If the secret is given, the Worker can tell that the doctor sent it. */
export async function unsigned(url: string, provider: 'clerk' | 'stripe', secret: string | undefined) {
  return await post(url, provider, '{}', await proofOf(provider, secret))
}

/**
 * Returns headers that keep the Worker from counting a request that it refuses, because the doctor must not open an
 * alert.
 */
async function proofOf(
  provider: 'clerk' | 'stripe',
  secret: string | undefined,
): Promise<Record<string, string>> {
  return secret ? { [PROBE_HEADER]: JSON.stringify(await sign(provider, PROBE, { secret })) } : {}
}

const post = (url: string, provider: 'clerk' | 'stripe', body: string, headers: Record<string, string>) =>
  ask(webhookUrl(url, provider), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  })
