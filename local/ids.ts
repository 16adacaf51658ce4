/** Returns a new id in the providers' form: `pi_…`, `evt_…`. */
export function randomId(prefix: string): string {
  return `${prefix}_${crypto.randomUUID().replaceAll('-', '')}`
}
