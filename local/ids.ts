/** Returns a new id in the form of the providers' own: `pi_…`, `evt_…`. */
export function randomId(prefix: string): string {
  return `${prefix}_${crypto.randomUUID().replaceAll('-', '')}`
}
