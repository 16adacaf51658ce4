import { ApiError as AnyApiError } from '../api-error.ts'
import { randomId } from '../ids.ts'

/** An error as Clerk's Backend API returns it. */
export class ApiError extends AnyApiError<ErrorDetails> {
  constructor(status: number, details: ErrorDetails, headers?: Record<string, string>) {
    super(status, details.long_message, details, headers)
  }

  /** The body of the response. */
  body(): object {
    return { errors: [this.details], clerk_trace_id: randomId('trace') }
  }
}

export interface ErrorDetails {
  message: string
  long_message: string
  code: string
  meta?: { param_name: string }
}

export function unprocessable(code: string, param: string, message: string): ApiError {
  return new ApiError(422, { message, long_message: message, code, meta: { param_name: param } })
}

export const noUser = (id: string) =>
  new ApiError(404, {
    message: 'not found',
    long_message: `No user was found with id ${id}.`,
    code: 'resource_not_found',
  })

export const noRoute = (method: string, path: string) =>
  new ApiError(404, {
    message: 'not found',
    long_message: `This stand-in has no ${method} ${path}.`,
    code: 'resource_not_found',
  })

/** Clerk documents 400 here; the code is not documented. */
export const noWebhooks = () =>
  new ApiError(400, {
    message: 'not found',
    long_message: 'This instance has no Svix app: webhooks were never set up.',
    code: 'svix_app_missing',
  })

const WRONG_KEY = 'The provided Clerk Secret Key is invalid. Make sure that your Clerk Secret Key is correct.'

export const wrongKey = () =>
  new ApiError(401, { message: WRONG_KEY, long_message: WRONG_KEY, code: 'clerk_key_invalid' })

export const wrongHeader = () =>
  new ApiError(401, {
    message: 'Invalid Authorization header format',
    long_message: `Invalid Authorization header format. Must be 'Bearer <YOUR_API_KEY>'`,
    code: 'authorization_header_format_invalid',
  })

/** `Retry-After` is in seconds (Clerk: system limits). */
export const tooMany = (seconds: number) =>
  new ApiError(
    429,
    {
      message: 'Too many requests. Please try again in a bit.',
      long_message: 'Too many requests. Please try again in a bit.',
      code: 'too_many_requests',
    },
    { 'Retry-After': String(seconds) },
  )

export const serverError = () =>
  new ApiError(500, {
    message: 'Oops, an unexpected error occurred',
    long_message: 'There was an internal error on our servers: made to fail.',
    code: 'internal_clerk_error',
  })
