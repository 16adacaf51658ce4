import { afterEach, describe, expect, it, vi } from 'vitest'
import { verify as verifyClerk } from '../../src/clerk/verify.ts'
import type { Settings } from '../../src/settings.ts'
import { verify as verifyStripe } from '../../src/stripe/verify.ts'
import vectors from '../vectors/signatures.json' with { type: 'json' }

afterEach(() => {
  vi.useRealTimers()
})

describe('published signature vectors', () => {
  it.each(vectors)('$provider $name: $valid', async ({ provider, secret, headers, payload, at, valid }) => {
    vi.useFakeTimers({ now: at * 1000, toFake: ['Date'] })
    const settings = { CLERK_WEBHOOK_SECRET: [secret], STRIPE_WEBHOOK_SECRET: [secret] } as Settings
    const verify = provider === 'clerk' ? verifyClerk : verifyStripe
    const sent = new Headers(
      Object.entries(headers).filter((header): header is [string, string] => !!header[1]),
    )
    expect((await verify(sent, payload, settings, Date.now())).verified).toBe(valid)
  })
})
