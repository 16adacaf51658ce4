export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

function toArrayItem(value: Json): string {
  if (value === null) return 'NULL'
  if (Array.isArray(value)) return `{${value.map(toArrayItem).join(',')}}`
  // JSON escapes quotes and backslashes exactly as an array literal wants them. An object is text that needs
  // that once more.
  return JSON.stringify(typeof value === 'object' ? JSON.stringify(value) : value)
}

/**
 * A JSON parameter as the text that Postgres reads. Numbers have been through a double, so an integer beyond
 * 2^53 loses digits here that it keeps at Neon; the driver sends every number as a string.
 */
export function toPostgresText(value: Json): string | null {
  if (value === null || typeof value === 'string') return value
  return Array.isArray(value) ? toArrayItem(value) : JSON.stringify(value)
}
