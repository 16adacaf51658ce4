import * as z from 'zod'
import { invalid, missing } from './errors.ts'
import type { Params } from './form.ts'
import { bool, expand, readParams, whole } from './params.ts'
import type { StripeObject } from './state.ts'

const DEFAULT_LIMIT = 10
const MAX_LIMIT = 100

/** A parameter that filters a list. */
export interface Filter {
  schema: z.ZodType
  holds(object: StripeObject, given: never): boolean
}

const filter = <Schema extends z.ZodType>(
  schema: Schema,
  holds: (object: StripeObject, given: z.output<Schema>) => boolean,
): Filter => ({ schema, holds })

const range = z.union([
  whole(),
  z.strictObject({
    gt: whole().optional(),
    gte: whole().optional(),
    lt: whole().optional(),
    lte: whole().optional(),
  }),
])

/** Filters by `created[gte]=…&created[lt]=…`, or by a single time. */
export const created = filter(range, ({ created: at }, given) => {
  const moment = Number(at)
  if (typeof given === 'number') return moment === given
  const { gt = -1, gte = 0, lt = Infinity, lte = Infinity } = given
  return moment > gt && moment >= gte && moment < lt && moment <= lte
})

/** Filters by the member with this name, or with another, as given. */
export const member = (name: string): Filter =>
  filter(z.string().min(1), (object, given) => object[name] === given)
export const oneOf = (name: string, values: readonly [string, ...string[]]): Filter =>
  filter(z.enum(values), (object, given) => object[name] === given)
export const flag = (name: string): Filter => filter(bool, (object, given) => object[name] === given)
export const among = (name: string, most: number): Filter =>
  filter(z.array(z.string()).max(most), (object, given) => given.includes(String(object[name])))
export { filter }

export interface Listing {
  /** The name of the objects in the error for a missing one. */
  noun: string
  filters: Record<string, Filter>
  /** Whether an object is listed without any parameter. */
  shown?(object: StripeObject, given: Record<string, unknown>): boolean
}

/** Returns a page of a list: by default 10, the newest first. @throws ApiError */
export function list(
  objects: Map<string, StripeObject>,
  params: Params,
  url: string,
  { noun, filters, shown = () => true }: Listing,
) {
  const { limit, starting_after, ending_before, expand: _, ...given } = read(params, filters)
  if (limit < 1 || limit > MAX_LIMIT) throw outOfRange(limit)
  if (starting_after && ending_before)
    throw invalid('You may only use one of these parameters: `starting_after`, `ending_before`.')
  const cursor = starting_after ?? ending_before
  const sorted = newestFirst(objects)
  const position = cursor === undefined ? -1 : sorted.places.get(cursor)
  if (cursor !== undefined && position === undefined)
    throw missing(noun, cursor, starting_after ? 'starting_after' : 'ending_before')
  const wanted = Object.entries(given).filter(([, value]) => value !== undefined)
  const matches = (object: StripeObject) =>
    shown(object, given) && wanted.every(([name, value]) => filters[name]?.holds(object, value as never))
  const step = ending_before ? -1 : 1
  const found: StripeObject[] = []
  for (let at = (position ?? -1) + step; at >= 0 && at < sorted.ids.length; at += step) {
    const object = objects.get(sorted.ids[at] ?? '')
    if (object && matches(object)) found.push(object)
    if (found.length > limit) break
  }
  const data = found.slice(0, limit)
  return {
    object: 'list' as const,
    url,
    has_more: found.length > limit,
    data: ending_before ? data.reverse() : data,
  }
}

function read(params: Params, filters: Listing['filters']) {
  const paging = {
    limit: whole(-Infinity).default(DEFAULT_LIMIT),
    expand,
    starting_after: z.string().min(1).optional(),
    ending_before: z.string().min(1).optional(),
  }
  const narrowing = Object.entries(filters).map(([name, { schema }]) => [name, schema.optional()])
  const schema = z.strictObject({ ...Object.fromEntries(narrowing), ...paging })
  return readParams(schema, params) as z.output<z.ZodObject<typeof paging>> & Record<string, unknown>
}

function outOfRange(limit: number): Error {
  const [word, most] = limit < 1 ? ['greater', 1] : ['less', MAX_LIMIT]
  return invalid(`This value must be ${word} than or equal to ${most} (it currently is '${limit}').`, {
    code: 'parameter_invalid_integer',
    param: 'limit',
  })
}

interface Sorted {
  ids: string[]
  places: Map<string, number>
}

/** Sorted lists are cached, because an object keeps its `created` and none is removed. */
const sortedOnce = new WeakMap<object, Sorted>()

function newestFirst(objects: Map<string, StripeObject>): Sorted {
  const before = sortedOnce.get(objects)
  if (before && before.ids.length === objects.size) return before
  const ids = [...objects.keys()].reverse()
  const moment = (id: string) => Number(objects.get(id)?.created ?? 0)
  ids.sort((a, b) => moment(b) - moment(a))
  const sorted = { ids, places: new Map(ids.map((id, index) => [id, index])) }
  sortedOnce.set(objects, sorted)
  return sorted
}
