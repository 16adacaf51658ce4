import { ApiError } from './errors.ts'

/**
 * Checks the key: a bearer token, or the user name of basic authentication, which curl's `-u` sends. @throws ApiError
 * 401
 */
export function authenticate(header: string | undefined, secretKey: string): void {
  const key = given(header)
  if (key === secretKey) return
  const message = key
    ? `Invalid API Key provided: ${key.slice(0, 8)}${'*'.repeat(8)}${key.slice(-4)}`
    : 'You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth.'
  throw new ApiError(
    401,
    { type: 'invalid_request_error', message },
    { 'WWW-Authenticate': 'Basic realm="Stripe"' },
  )
}

function given(header = ''): string {
  const [scheme = '', value = ''] = header.split(' ')
  if (/^bearer$/i.test(scheme)) return value
  if (/^basic$/i.test(scheme)) return Buffer.from(value, 'base64').toString().split(':')[0] ?? ''
  return ''
}
