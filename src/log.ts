/** One structured line. */
export function log(
  line: { message: string; level: 'info' | 'warn' | 'error' } & Record<string, unknown>,
): void {
  console.log(JSON.stringify(line))
}
