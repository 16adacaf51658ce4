import { read, roomOf, sources, sqlFiles } from './sources.ts'

/** A database function, as its file has it. */
export interface SqlFunction {
  name: string
  path: string
  room: string
  /** What stands between its comment and its name: the lines that say what it is for. */
  comment: string
  parameters: { name: string; type: string }[]
  /** From `returns` to the body: the language, what it may change, the settings. */
  head: string
  body: string
  /** What is declared, and what is done: code without comments, and with every text emptied. */
  declares: string
  does: string
}

const FUNCTION =
  /((?:^--[^\n]*\n)*)\n?^create or replace function (\w+) ?\(([^)]*)\)\s+(returns [^$]*?)\s*\bas \$\$([\s\S]*?)\$\$;$/gm

const withoutComments = (sql: string) => sql.replaceAll(/--[^\n]*/g, '')
const withoutTexts = (sql: string) => sql.replaceAll(/'(?:[^']|'')*'/g, "''")

/** What no function is: nothing, in a file that is as it should be. */
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
/** Whether Postgres is told that it changes nothing. */
export const changesNothing = ({ head }: SqlFunction) => /\b(stable|immutable)\b/.test(head)

/** Whether the Worker, or a person's command, calls it: by documents alone. */
export const takesFacts = ({ parameters }: SqlFunction) =>
  parameters.every(({ type }) => type === 'jsonb') &&
  ['facts', 'delivery,facts'].includes(parameters.map(({ name }) => name).join())

/** Functions of ours that this code calls. */
export const callsIn = (code: string) =>
  [
    ...new Set([...code.matchAll(/(?<![.\w])(?:ledgerhook\.)?(\w+)\s*\(/g)].map(([, name = '']) => name)),
  ].flatMap((name) => byName.get(name) ?? [])
export const calledBy = ({ declares, does }: SqlFunction) => callsIn(`${declares}\n${does}`)

/** The room of each table and view, by what its schema says. */
export const tables = new Map(
  sources.flatMap((path) =>
    [...read(path).matchAll(/ledgerhook\s*\.(?:table|view)\(\s*'(\w+)'/g)].map(
      ([, name = '']) => [name, roomOf(path)] as const,
    ),
  ),
)
/** Tables that a function names: to read, to write, or as the type of a row. */
export const tablesOf = ({ parameters, declares, does, head }: SqlFunction) =>
  [...tables.keys()].filter((table) =>
    new RegExp(`(?<![.\\w'])${table}\\b(?!\\()`).test(
      [...parameters.map(({ type }) => type), head, declares, does].join('\n'),
    ),
  )

/** The names in the first line of a function that takes facts: none where it needs none. */
export function factsIn({ body, does }: SqlFunction): string[] {
  const [, names = ''] =
    /^\s*(?:declare\b[\s\S]*?)?\bbegin\s+select \* into f from jsonb_to_record\(facts\) as f\(([^)]*)\);/.exec(
      body,
    ) ?? []
  if (names === '' && /\bfacts\b/.test(does))
    throw new Error('its first line does not say which facts it takes')
  return namesIn(names)
}

/** `jsonb_to_recordset(f.tasks) as ended(name text, good boolean)`: what is read of each document of a list. */
export const partsIn = (code: string) =>
  [...code.matchAll(/jsonb_to_recordset\((?:f\.)?(\w+)\) as \w+\(([^)]*)\)/g)].map(
    ([, part = '', names = '']) => [part, namesIn(names)] as const,
  )

const namesIn = (columns: string) => parametersOf(columns).map(({ name }) => name)
