/** An error of Stripe's or Clerk's API: the status, and what the body says about it. */
export class ApiError<Details = unknown> extends Error {
  override name = 'ApiError'
  readonly status: number
  readonly details: Details
  readonly headers: Record<string, string>

  constructor(status: number, message: string, details: Details, headers: Record<string, string> = {}) {
    super(message)
    this.status = status
    this.details = details
    this.headers = headers
  }
}
