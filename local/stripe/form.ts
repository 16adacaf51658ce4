import { invalid } from './errors.ts'

/** Form parameters as Stripe reads them: texts, and objects and arrays of texts, written with brackets. */
export type Params = { [name: string]: Param }
export type Param = string | Param[] | Params

/**
 * Reads `metadata[user_id]=u&line_items[0][quantity]=1&expand[]=customer` as nested objects. Every value is text.
 * @throws ApiError for brackets that do not match, and for a name used in two ways
 */
export function parseForm(body: string): Params {
  const root: Params = Object.create(null)
  for (const [name, value] of new URLSearchParams(body)) place(root, name, value)
  return arraysOf(root) as Params
}

function place(root: Params, name: string, value: string): void {
  if (!/^[^[\]]+(\[[^[\]]+\])*(\[\])?$/.test(name)) throw invalid(`Invalid parameter name: ${name}`)
  const path = name.match(/[^[\]]+/g) ?? []
  const leaf = name.endsWith('[]') ? undefined : path.pop()
  let node = root
  for (const key of path) {
    node[key] ??= Object.create(null) as Params
    if (typeof node[key] === 'string')
      throw invalid(`Invalid ${key}: it is text, and an object`, { param: key })
    node = node[key] as Params
  }
  node[leaf ?? String(Object.keys(node).length)] = value
}

/** Turns objects into arrays if their keys are `0`, `1`, …, as Stripe's clients write lists. */
function arraysOf(node: Param): Param {
  if (typeof node === 'string') return node
  const entries = Object.entries(node).map(([key, value]) => [key, arraysOf(value)] as const)
  if (entries.length > 0 && entries.every(([key], index) => key === String(index))) {
    return entries.map(([, value]) => value)
  }
  return Object.assign(Object.create(null), Object.fromEntries(entries))
}
