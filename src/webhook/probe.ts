import type { Settings } from '../settings.ts'
import type { Provider } from './provider.ts'

/** The type of the events that the doctor sends. It needs the secret to sign them. None of them is counted. */
export const PROBE_TYPE = 'ledgerhook.doctor.probe'
/**
 * The body of an event that no provider sends and nothing handles, so that repeating it with its signature has no
 * effect.
 */
export const PROBE = JSON.stringify({ object: 'event', type: PROBE_TYPE, data: {} })
/** The header that carries, as JSON, the headers that sign `PROBE`. */
export const PROBE_HEADER = 'ledgerhook-probe'

/**
 * Whether a refused request is a forgery made by the doctor. It proves itself by a valid signature of `PROBE` beside
 * the forged one, which needs the secret. So nobody else can keep a refused request out of the rates and their alerts.
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
