import { read, roomOf, sources, sqlFiles } from './sources.ts'

/** A database function in its file. */
export interface SqlFunction {
  name: string
  path: string
  room: string
  /** The lines of its comment, which say what it does. */
  comment: string
  parameters: { name: string; type: string }[]
  /** The text from `returns` to the body: the language, the volatility, the settings. */
  head: string
  body: string
  /** The declarations and the body: code without comments, and with all texts emptied. */
  declares: string
  does: string
}

const FUNCTION =
  /((?:^--[^\n]*\n)*)\n?^create or replace function (\w+) ?\(([^)]*)\)\s+(returns [^$]*?)\s*\bas \$\$([\s\S]*?)\$\$;$/gm

const withoutComments = (sql: string) => sql.replaceAll(/--[^\n]*/g, '')
const withoutTexts = (sql: string) => sql.replaceAll(/'(?:[^']|'')*'/g, "''")

/** The text outside functions. It is empty in a valid file. */
export const besides = (sql: string) => withoutComments(sql.replaceAll(FUNCTION, '')).trim()

export function functionsIn(sql: string, path: string): SqlFunction[] {
  return [...sql.matchAll(FUNCTION)].map(([, comment = '', name = '', given = '', head = '', body = '']) => {
    const code = withoutTexts(withoutComments(body))
    const [, declares = '', does = ''] = /^\s*(?:declare\b([\s\S]*?))?\bbegin\b([\s\S]*)$/.exec(code) ?? [
      '',
      '',
      code,
    ]
    return {
      name,
      path,
      room: roomOf(path),
      comment,
      parameters: parametersOf(given),
      head,
      body,
      declares,
      does,
    }
  })
}

const parametersOf = (given: string) =>
  given
    .split(',')
    .map((parameter) => parameter.trim().replace(/^variadic /, ''))
    .filter((parameter) => parameter !== '')
    .map((parameter) => {
      const [name = '', ...type] = parameter.split(/\s+/)
      return { name, type: type.join(' ') }
    })

export const functions = sqlFiles.flatMap((path) => functionsIn(read(path), path))
export const byName = new Map(functions.map((one) => [one.name, one]))

export const isSql = ({ head }: SqlFunction) => /\blanguage sql\b/.test(head)
export const isTrigger = ({ head }: SqlFunction) => /^returns trigger\b/.test(head)
export const runsAsOwner = ({ head }: SqlFunction) => /\bsecurity definer\b/.test(head)
/** Whether it is declared to change nothing. */
export const changesNothing = ({ head }: SqlFunction) => /\b(stable|immutable)\b/.test(head)

/** Whether the Worker or a person's command calls it: it takes only documents. */
export const takesFacts = ({ parameters }: SqlFunction) =>
  parameters.every(({ type }) => type === 'jsonb') &&
  ['facts', 'delivery,facts'].includes(parameters.map(({ name }) => name).join())

/** Returns our functions that this code calls. */
export const callsIn = (code: string) =>
  [
    ...new Set([...code.matchAll(/(?<![.\w])(?:ledgerhook\.)?(\w+)\s*\(/g)].map(([, name = '']) => name)),
  ].flatMap((name) => byName.get(name) ?? [])
export const calledBy = ({ declares, does }: SqlFunction) => callsIn(`${declares}\n${does}`)

/** Returns the room of each table and view, by its schema file. */
export const tables = new Map(
  sources.flatMap((path) =>
    [...read(path).matchAll(/ledgerhook\s*\.(?:table|view)\(\s*'(\w+)'/g)].map(
      ([, name = '']) => [name, roomOf(path)] as const,
    ),
  ),
)
/** Returns the tables that a function names: to read, to write, or as the type of a row. */
export const tablesOf = ({ parameters, declares, does, head }: SqlFunction) =>
  [...tables.keys()].filter((table) =>
    new RegExp(`(?<![.\\w'])${table}\\b(?!\\()`).test(
      [...parameters.map(({ type }) => type), head, declares, does].join('\n'),
    ),
  )

/** Returns the names in the first line of a function that takes facts. Empty if it needs none. */
export function factsIn({ body, does }: SqlFunction): string[] {
  const [, names = ''] =
    /^\s*(?:declare\b[\s\S]*?)?\bbegin\s+select \* into f from jsonb_to_record\(facts\) as f\(([^)]*)\);/.exec(
      body,
    ) ?? []
  if (names === '' && /\bfacts\b/.test(does))
    throw new Error('its first line does not say which facts it takes')
  return namesIn(names)
}

/**
 * `jsonb_to_recordset(f.tasks) as ended(name text, good boolean)`: the members that are read of each document of a
 * list.
 */
export const partsIn = (code: string) =>
  [...code.matchAll(/jsonb_to_recordset\((?:f\.)?(\w+)\) as \w+\(([^)]*)\)/g)].map(
    ([, part = '', names = '']) => [part, namesIn(names)] as const,
  )

const namesIn = (columns: string) => parametersOf(columns).map(({ name }) => name)
