/** Requests that are allowed in a window of time. */
export interface Limit {
  requests: number
  per_ms: number
}

/** Counts requests in windows, as the providers do. Without a limit it allows everything. */
export function createRateLimit() {
  let limit: Limit | undefined
  let opened = 0
  let used = 0
  return {
    set(wanted: Limit | undefined) {
      limit = wanted
      used = 0
    },
    /** Returns the whole seconds until the next request is allowed: 0 for now, which also counts the request. */
    wait(now = Date.now()): number {
      if (!limit) return 0
      if (now - opened >= limit.per_ms) {
        opened = now
        used = 0
      }
      if (used >= limit.requests) return Math.max(1, Math.ceil((opened + limit.per_ms - now) / 1000))
      used += 1
      return 0
    },
  }
}

export type RateLimit = ReturnType<typeof createRateLimit>
