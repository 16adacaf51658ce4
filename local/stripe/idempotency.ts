import { ApiError } from './errors.ts'
import type { Answer } from './http.ts'

/** Stripe prunes keys "after they're at least 24 hours old". */
const KEPT_MS = 24 * 60 * 60 * 1000

interface Entry {
  request: string
  at: number
  answer?: Answer
}

/** Stripe's idempotency keys (docs.stripe.com/api/idempotent_requests): the first response is returned again. */
export function createIdempotency() {
  const entries = new Map<string, Entry>()

  return async (key: string | undefined, request: string, run: () => Promise<Answer>): Promise<Answer> => {
    if (key === undefined) return await run()
    if (key.length > 255) throw conflict(400, 'Idempotency keys are at most 255 characters long.')
    const found = entries.get(key)
    if (found && Date.now() - found.at < KEPT_MS) return replay(found, request, key)

    const entry: Entry = { request, at: Date.now() }
    entries.set(key, entry)
    try {
      const answer = await run()
      if (isKept(answer)) entry.answer = answer
      return answer
    } finally {
      if (!entry.answer) entries.delete(key)
    }
  }
}

/** Stripe keeps even a 500, but no failed validation, and no refusal from before the endpoint began. */
function isKept({ status }: Answer): boolean {
  return ![400, 401, 403, 404, 409, 429].includes(status)
}

function replay(entry: Entry, request: string, key: string): Answer {
  if (entry.request !== request)
    throw conflict(
      400,
      `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${key}' if you meant to execute a different request.`,
    )
  if (!entry.answer)
    throw conflict(
      409,
      `There is currently another in-progress request using this Idempotent Key '${key}' (that probably means you submitted twice, and the other request is still going through). Please try again later.`,
      'idempotency_key_in_use',
    )
  return { ...entry.answer, headers: { ...entry.answer.headers, 'Idempotent-Replayed': 'true' } }
}

function conflict(status: number, message: string, code?: string): ApiError {
  return new ApiError(status, { type: 'idempotency_error', message, ...(code && { code }) })
}
