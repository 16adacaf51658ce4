import type { FieldDef } from 'pg'

export type Row = (string | null)[]

// The types (pg_type.oid) that are not strings in the converted output.
const BOOL = 16
const NUMBERS = new Set([21, 23, 700, 701])
const JSONS = new Set([114, 3802])

/** The element types of the array types of those above. */
const ARRAYS = new Map([
  [1000, BOOL],
  [1005, 21],
  [1007, 23],
  [1021, 700],
  [1022, 701],
  [199, 114],
  [3807, 3802],
])

/** Every other array type of PostgreSQL 18. Like the proxy, this knows no array types that users define. */
const STRING_ARRAYS = new Set(
  `
  143 210 270 271 272 273 629 651 719 775 791 1001 1002 1003 1006 1008 1009 1010 1011
  1012 1013 1014 1015 1016 1017 1018 1019 1020 1027 1028 1034 1040 1041 1115 1182 1183 1185 1187
  1231 1263 1270 1561 1563 2201 2207 2208 2209 2210 2211 2949 2951 3221 3643 3644 3645 3735 3770
  3905 3907 3909 3911 3913 3927 4073 4090 4097 4192 5039 6150 6151 6152 6153 6155 6157
  `
    .trim()
    .split(/\s+/)
    .map(Number),
)

const ARRAY_TOKEN = /"(?:[^"\\]+|\\.)*"|[^{},"]+|[{}]/gs

function arrayToJson(literal: string, element: number): string {
  // `[2:3]={1,2}`: JSON has no bounds.
  const start = literal.startsWith('[') ? literal.indexOf('=') + 1 : 0
  return literal.slice(start).replace(ARRAY_TOKEN, (token) => {
    if (token === '{') return '['
    if (token === '}') return ']'
    if (token === 'NULL') return 'null'
    const quoted = token.startsWith('"')
    return cellToJson(quoted ? token.slice(1, -1).replace(/\\(.)/gs, '$1') : token, element)
  })
}

/** Returns Postgres's text for one value as JSON text. Numbers and JSON are passed on as they are. */
function cellToJson(text: string, type: number): string {
  if (type === BOOL) return text === 't' ? 'true' : 'false'
  if (NUMBERS.has(type)) return Number.isFinite(Number(text)) ? text : JSON.stringify(text)
  if (JSONS.has(type)) return text
  const element = ARRAYS.get(type)
  if (element !== undefined) return arrayToJson(text, element)
  return STRING_ARRAYS.has(type) ? arrayToJson(text, 0) : JSON.stringify(text)
}

/** Returns a function that turns a row of Postgres's texts into JSON text, in the shape that the client asked for. */
export function rowWriter(fields: FieldDef[], rawText: boolean, arrayMode: boolean): (row: Row) => string {
  if (rawText && arrayMode) return (row) => JSON.stringify(row)
  const cell = (text: string | null, index: number) => {
    if (text === null) return 'null'
    return rawText ? JSON.stringify(text) : cellToJson(text, fields[index]?.dataTypeID ?? 0)
  }
  if (arrayMode) return (row) => `[${row.map(cell).join()}]`
  const keys = fields.map(({ name }) => JSON.stringify(name))
  return (row) => `{${row.map((text, index) => `${keys[index]}:${cell(text, index)}`).join()}}`
}
