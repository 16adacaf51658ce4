import type { Settings } from '../settings.ts'

/** The settings by which a delivery is decided: all that a handler reads. None is a secret. */
export const DECIDING = [
  'CLERK_INSTANCE_ID',
  'PLANS',
  'CREDIT_PACKS',
  'APP_TAG',
  'CREDIT_SINCE',
  'SIGNUP_BONUS_CREDITS',
  'SIGNUP_BONUS_SINCE',
  'SIGNUP_BONUS_ONCE_PER',
  'REQUIRE_EMAIL',
  'USER_DELETION',
] as const

const hashes = new WeakMap<Settings, Promise<string>>()

/**
 * Returns 12 hexadecimal digits that differ if two Workers may decide a delivery differently because of their settings.
 * Only the mode of Stripe's key is included.
 */
export function settingsHash(settings: Settings): Promise<string> {
  const hash = hashes.get(settings) ?? hashOf(settings)
  hashes.set(settings, hash)
  return hash
}

async function hashOf(settings: Settings): Promise<string> {
  const isLive = /_live_/.test(settings.STRIPE_SECRET_KEY)
  const text = JSON.stringify([isLive, ...DECIDING.map((name) => settings[name] ?? null)])
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return [...new Uint8Array(digest, 0, 6)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}
