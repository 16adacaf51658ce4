/**
 * Members of a line for which OpenTelemetry's semantic conventions have a stable name. A path is that of its route:
 * somebody may have typed an address in place of an id. docs/operations.md has the table of all members.
 */
export const SEMANTIC = {
  cause: 'error.type',
  path: 'http.route',
  status: 'http.response.status_code',
} as const
const SQLSTATE = /^[0-9A-Z]{5}$/

/** One structured line. What has a name among the semantic conventions stands in it by that name as well. */
export function log(
  line: { message: string; level: 'info' | 'warn' | 'error' } & Record<string, unknown>,
): void {
  const named: Record<string, unknown> = { ...line }
  for (const [ours, theirs] of Object.entries(SEMANTIC)) {
    const value = line[ours]
    if (value !== undefined && value !== null) named[theirs] = value
  }
  if (SQLSTATE.test(String(line.cause))) named['db.response.status_code'] = line.cause
  console.log(JSON.stringify(named))
}
