/**
 * - `missing`: the provider has no such object
 * - `denied`: the key may not read this
 * - `busy`: too many calls
 * - `unavailable`: no response, or the provider's own error
 */
export type ProviderTroubleKind = 'missing' | 'denied' | 'busy' | 'unavailable'

/** A failed read of a provider's API. Carries a status or a code, never the request or the response. */
export class ProviderTrouble extends Error {
  override name = 'ProviderTrouble'
  readonly kind: ProviderTroubleKind
  /** Seconds after which the provider wants to be asked again. Null if it does not say. */
  readonly retryAfterS: number | null

  constructor(kind: ProviderTroubleKind, cause: string, retryAfter: string | null | undefined = null) {
    super(cause)
    this.kind = kind
    this.retryAfterS = /^\d{1,5}$/.test(retryAfter ?? '') ? Number(retryAfter) : null
  }
}

/** Returns what was read, or null if the provider has no such object. @throws ProviderTrouble */
export async function unlessMissing<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading
  } catch (error) {
    if (error instanceof ProviderTrouble && error.kind === 'missing') return null
    throw error
  }
}

/** Returns the kind of trouble that an HTTP status of a provider's API means. */
export function troubleOf(status: number): ProviderTroubleKind {
  if (status === 404) return 'missing'
  if (status === 401 || status === 403) return 'denied'
  return status === 429 ? 'busy' : 'unavailable'
}
