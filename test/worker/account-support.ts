import {
  generateKeyPair,
  type SessionOptions,
  sessionClaims,
  signSessionToken,
} from '../../local/session-token.ts'
import { type Env, request } from './support.ts'

export const keys = await generateKeyPair()

export const ORIGIN = 'https://app.example.com'
export const ISSUER = 'https://clerk.example.com'

export const accountSettings = {
  CLERK_JWT_KEY: keys.publicKey,
  CLERK_ISSUER: ISSUER,
  APP_ORIGINS: `${ORIGIN}, https://admin.example.com`,
  SERVICE_TOKEN: 'service-token-of-the-tests',
}

export const tokenFor = (user: string, options: Partial<SessionOptions> = {}) =>
  signSessionToken(keys.privateKey, sessionClaims({ user, origin: ORIGIN, issuer: ISSUER, ...options }))

export interface Reply<Body> {
  status: number
  headers: Headers
  body: Body
}

/** A request with this bearer token, and its answer as JSON. */
export async function callWith<Body = Record<string, unknown>>(
  token: string | null,
  path: string,
  init: RequestInit = {},
  env: Env = {},
): Promise<Reply<Body>> {
  const headers = new Headers(init.headers)
  if (token !== null) headers.set('Authorization', `Bearer ${token}`)
  const response = await request(path, { ...init, headers }, { ...accountSettings, ...env })
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : null }
}

/** Your own backend takes credits. */
export async function spend(body: unknown, env: Env = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return await callWith<{ error?: string; balance?: number; fields?: Record<string, string[]> }>(
    accountSettings.SERVICE_TOKEN,
    '/api/wallet/spend',
    { method: 'POST', body: text },
    env,
  )
}
