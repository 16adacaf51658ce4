import { ApiError as AnyApiError } from '../api-error.ts'

/** An error as Stripe's API returns it, which its SDK turns into an exception. */
export class ApiError extends AnyApiError<ErrorDetails> {
  constructor(status: number, details: ErrorDetails, headers?: Record<string, string>) {
    super(status, details.message, details, headers)
  }
}

export interface ErrorDetails {
  type: 'api_error' | 'card_error' | 'idempotency_error' | 'invalid_request_error'
  message: string
  code?: string
  param?: string
  decline_code?: string
}

export function invalid(message: string, details: { code?: string; param?: string } = {}): ApiError {
  return new ApiError(400, { type: 'invalid_request_error', message, ...details })
}

/** Returns the error for a missing object: 404 if its id is in the path, 400 if it is in a parameter, as at Stripe. */
export function missing(what: string, id: string, param: string, status: 400 | 404 = 400): ApiError {
  const message = `No such ${what}: '${id}'`
  return new ApiError(status, { type: 'invalid_request_error', code: 'resource_missing', message, param })
}

/** Returns the object with the id from the path. @throws ApiError 404 when there is none */
export function found<T>(objects: Map<string, T>, what: string, id: string, param = 'id'): T {
  const object = objects.get(id)
  if (!object) throw missing(what, id, param, 404)
  return object
}

export const rateLimited = (headers: Record<string, string> = { 'Retry-After': '1' }) =>
  new ApiError(
    429,
    {
      type: 'invalid_request_error',
      code: 'rate_limit',
      message: 'Too many requests made to the API too quickly: made to fail',
    },
    headers,
  )

/** The error for a restricted key without the permission (Stripe: restricted API keys). */
export const notPermitted = (call: string) =>
  new ApiError(403, {
    type: 'invalid_request_error',
    message: `The provided key does not have the required permissions for this endpoint: ${call}.`,
  })

export const serverError = () =>
  new ApiError(500, { type: 'api_error', message: 'An unknown error occurred: made to fail' })

export const cardDeclined = () =>
  new ApiError(402, {
    type: 'card_error',
    code: 'card_declined',
    decline_code: 'generic_decline',
    message: 'Your card was declined.',
  })
