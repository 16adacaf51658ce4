import { Webhook } from 'svix'

/** Far less than the 30 seconds for which what is sent is ours. */
const SEND_MS = 5_000

/** What a receiver has said. The status is null where it said nothing. */
export interface Posted {
  status: number | null
  cause?: string
}

/**
 * Posts a document as Standard Webhooks has it: signed with each secret, if there is one. Only the status of the response
 * counts: its body is not read, and a redirect is not followed. Never throws.
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

/** In Node the code of what is beneath, such as `ENOTFOUND`: the error itself is called `TypeError`, whatever it was. */
function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  return (error.cause as { code?: string } | undefined)?.code ?? error.name
}

export const isTaken = ({ status }: Posted) => status !== null && status >= 200 && status < 300

/** Of several secrets, each signs: a receiver that knows one of them accepts it. */
function headersOf(id: string, body: string, secrets: string[], now: Date): Record<string, string> {
  const signatures = secrets.map((secret) => new Webhook(secret).sign(id, now, body))
  return {
    'Content-Type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
    ...(signatures.length > 0 && { 'webhook-signature': signatures.join(' ') }),
  }
}
