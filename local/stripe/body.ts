import * as z from 'zod'
import { invalid } from './errors.ts'
import { valueAt } from './params.ts'

/** The largest amount that Stripe accepts, in minor units. */
export const MOST = 99_999_999
export const amount = z.int().min(1).max(MOST)
export const currency = z.string().regex(/^[a-z]{3}$/, 'takes three small letters, such as "usd"')

/** Reads the body of a request under `/test`. @throws ApiError that names the first member that is wrong */
export function readBody<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const { success, data, error } = schema.safeParse(body)
  if (success) return data
  const [issue] = error.issues
  const param = issue?.path.join('.')
  if (!issue || !param) throw invalid(`the body: ${issue?.message}`)
  if (valueAt(body, issue.path) === undefined) throw invalid(`${param} is required`, { param })
  throw invalid(`${param}: ${issue.message}`, { param })
}
