/**
 * Members of a log line for which OpenTelemetry's semantic conventions have a stable name. `path` is the path of the
 * route, not of the request: somebody may have typed an email address in place of an id. docs/operations.md has the
 * table of all members.
 */
export const SEMANTIC = {
  cause: 'error.type',
  path: 'http.route',
  status: 'http.response.status_code',
} as const
const SQLSTATE = /^[0-9A-Z]{5}$/

/** Logs one structured line. A member with a name in the semantic conventions appears under that name as well. */
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
