export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

function toArrayItem(value: Json): string {
  if (value === null) return 'NULL'
  if (Array.isArray(value)) return `{${value.map(toArrayItem).join(',')}}`
  // JSON escapes quotes and backslashes exactly as an array literal needs it. An object is JSON text itself, so it is
  // escaped twice.
  return JSON.stringify(typeof value === 'object' ? JSON.stringify(value) : value)
}

/**
 * Returns a JSON parameter as the text that Postgres reads. Numbers are doubles here, so an integer beyond 2^53 loses
 * digits that it keeps at Neon. That does not matter to the driver, which sends every number as a string.
 */
export function toPostgresText(value: Json): string | null {
  if (value === null || typeof value === 'string') return value
  return Array.isArray(value) ? toArrayItem(value) : JSON.stringify(value)
}
