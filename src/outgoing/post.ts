import { Webhook } from 'svix'

/** Far less than the 30 seconds for which an event is leased to us. */
const SEND_MS = 5_000

/** A receiver's response. The status is null if there was none. */
export interface Posted {
  status: number | null
  cause?: string
}

/**
 * Posts a document by the rules of Standard Webhooks: signed with each secret, if there are any. Only the status of the
 * response counts: its body is not read, and a redirect is not followed. Never throws.
 */
export async function post(
  url: string,
  id: string,
  body: string,
  secrets: string[],
  fetcher: typeof fetch = fetch,
): Promise<Posted> {
  try {
    const response = await fetcher(url, {
      method: 'POST',
      headers: headersOf(id, body, secrets, new Date()),
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(SEND_MS),
    })
    await response.body?.cancel().catch(() => {})
    return { status: response.status }
  } catch (error) {
    return { status: null, cause: causeOf(error) }
  }
}

/**
 * Returns a name for the cause. In Node it is the code of the underlying error, such as `ENOTFOUND`, because the error
 * itself is always a `TypeError`.
 */
function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  return (error.cause as { code?: string } | undefined)?.code ?? error.name
}

export const isTaken = ({ status }: Posted) => status !== null && status >= 200 && status < 300

/** Returns the headers. Each secret signs, so that a receiver that knows one of them accepts the document. */
function headersOf(id: string, body: string, secrets: string[], now: Date): Record<string, string> {
  const signatures = secrets.map((secret) => new Webhook(secret).sign(id, now, body))
  return {
    'Content-Type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
    ...(signatures.length > 0 && { 'webhook-signature': signatures.join(' ') }),
  }
}
