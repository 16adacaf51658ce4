import type { Settings } from '../settings.ts'
import type { Provider } from './provider.ts'

/** Of an event that no provider sends and nothing handles: whoever repeats its signature has no effect. */
export const PROBE = JSON.stringify({ object: 'event', type: 'ledgerhook.doctor.probe', data: {} })
/** Has the headers that sign `PROBE`, as JSON. */
export const PROBE_HEADER = 'ledgerhook-probe'

/**
 * Whether a request that is refused is a forgery of the doctor's. It is known by a valid signature beside the forged one,
 * which only who has the secret can make: nobody else keeps a refused request out of the rates and their alerts.
 */
export async function isProbe(
  { verify }: Provider,
  headers: Headers,
  settings: Settings,
  nowMs: number,
): Promise<boolean> {
  const proof = headers.get(PROBE_HEADER)
  if (!proof) return false
  try {
    return (await verify(new Headers(JSON.parse(proof)), PROBE, settings, nowMs)).verified
  } catch {
    return false
  }
}
