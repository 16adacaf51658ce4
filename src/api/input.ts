import { en } from 'zod/locales'
import * as z from 'zod/mini'
import { once } from '../once.ts'
import { invalidRequest } from './route.ts'

/** zod/mini has no messages of its own: without this, each would be “Invalid input”. */
const speakEnglish = once(() => z.config(en()))

/** Returns the parsed value. @throws Refusal 400, which names each field and what is wrong with it */
export function check<Schema extends z.ZodMiniType>(schema: () => Schema, value: unknown): z.output<Schema> {
  speakEnglish()
  const result = schema().safeParse(value)
  if (result.success) return result.data
  // A Map, because a field may be named `constructor`, and every plain object has that already.
  const fields = new Map<string, string[]>()
  const complain = (field: string, message: string) => {
    fields.set(field, [...(fields.get(field) ?? []), message])
  }
  for (const issue of result.error.issues) {
    if (issue.code === 'unrecognized_keys') for (const key of issue.keys) complain(key, 'is not a field here')
    else
      complain(issue.path.join('.') || 'body', isMissing(value, issue.path) ? 'is required' : issue.message)
  }
  throw invalidRequest(Object.fromEntries(fields))
}

const isMissing = (value: unknown, path: PropertyKey[]) =>
  path.length > 0 &&
  path.reduce(
    (here, key) => (Object(here) === here ? Reflect.get(here as object, key) : undefined),
    value,
  ) === undefined

/** Returns the request's body, parsed as JSON. @throws Refusal 400 */
export async function readJson(request: { text(): Promise<string> }): Promise<unknown> {
  try {
    return JSON.parse(await request.text())
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw invalidRequest({ body: ['is not JSON'] })
  }
}
