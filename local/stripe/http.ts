import { type Answer, json } from '../http-messages.ts'
import { ApiError } from './errors.ts'

export { type Answer, json, type Request, readRequest, send } from '../http-messages.ts'

export function errorAnswer(error: unknown): Answer {
  if (error instanceof ApiError) return json({ error: error.details }, error.status, error.headers)
  const { message } = error as Error
  return json({ error: { type: 'api_error', message: `the stand-in failed: ${message}` } }, 500)
}
