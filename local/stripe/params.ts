import * as z from 'zod'
import { invalid } from './errors.ts'
import type { Params } from './form.ts'

/** `expand[]` is accepted and has no effect: every id stays an id. */
export const expand = z.array(z.string()).optional()

export const whole = (min = 0) =>
  z
    .string()
    .regex(/^-?\d+$/)
    .transform(Number)
    .pipe(z.number().int().min(min))
export const bool = z.enum(['true', 'false']).transform((text) => text === 'true')
/** Stripe: at most 50 keys of 40 characters, and values of 500. An empty value removes its key. */
export const metadata = z.record(z.string().max(40), z.string().max(500))

/**
 * Reads the parameters of a call with their types. Refuses a parameter that the endpoint does not have, as Stripe does,
 * and one that Stripe has but that would have no effect here.
 * @throws ApiError
 */
export function readParams<Schema extends z.ZodType>(schema: Schema, params: Params): z.output<Schema> {
  const result = schema.safeParse(params)
  if (result.success) return result.data
  const unknown = result.error.issues.find((issue) => issue.code === 'unrecognized_keys')
  const issue = unknown ?? result.error.issues[0]
  if (!issue) throw invalid('Invalid request')
  throw refusal(issue, params)
}

function refusal(issue: z.core.$ZodIssue, params: Params): Error {
  const path = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] ?? ''] : issue.path
  const param = bracketed(path)
  if (issue.code === 'unrecognized_keys')
    return invalid(`Received unknown parameter: ${param}`, { code: 'parameter_unknown', param })
  const given = valueAt(params, path)
  if (given === undefined)
    return invalid(`Missing required param: ${param}.`, { code: 'parameter_missing', param })
  if (given === '')
    return invalid(
      `You passed an empty string for '${param}'. We assume empty values are an attempt to unset a parameter; however '${param}' cannot be unset. You should remove '${param}' from your request or supply a non-empty value.`,
      { code: 'parameter_invalid_empty', param },
    )
  return invalid(`Invalid ${param}: ${issue.message}`, { param })
}

function bracketed([first, ...rest]: PropertyKey[]): string {
  return String(first) + rest.map((key) => `[${String(key)}]`).join('')
}

export function valueAt(params: unknown, path: PropertyKey[]): unknown {
  return path.reduce((value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key], params)
}
