import { afterEach, describe, expect, it, vi } from 'vitest'
import { randomId } from '../../local/events.ts'
import {
  base64url,
  encode,
  generateKeyPair,
  sessionClaims,
  signSessionToken,
} from '../../local/session-token.ts'
import { accountSettings, callWith, ISSUER, keys, ORIGIN, tokenFor } from './account-support.ts'
import { counted, type Env, user } from './support.ts'

const id = randomId('user')
const claims = (more: object = {}) => ({
  ...sessionClaims({ user: id, origin: ORIGIN, issuer: ISSUER }),
  ...more,
})
const sign = (more: object = {}) => signSessionToken(keys.privateKey, claims(more))
const now = () => Math.floor(Date.now() / 1000)

const der = (pem: string) =>
  Uint8Array.from(atob(pem.replaceAll(/-----.*?-----|\s/g, '')), (character) => character.charCodeAt(0))

async function hs256(secret: Uint8Array<ArrayBuffer>): Promise<string> {
  const content = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims())}`
  const key = await crypto.subtle.importKey('raw', secret, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
  const signature = await crypto.subtle.sign('HMAC', key, new TextEncoder().encode(content))
  return `${content}.${base64url(new Uint8Array(signature))}`
}

/** Signs with the right key, but with another RSA algorithm, which its holder does not use. */
async function rs512(): Promise<string> {
  const content = `${encode({ alg: 'RS512', typ: 'JWT' })}.${encode(claims())}`
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-512' }
  const key = await crypto.subtle.importKey('pkcs8', der(keys.privateKey), algorithm, false, ['sign'])
  const signature = await crypto.subtle.sign(algorithm, key, new TextEncoder().encode(content))
  return `${content}.${base64url(new Uint8Array(signature))}`
}

/** Combines the claims of one token with the signature of another. */
async function grafted(): Promise<string> {
  const [header, , signature] = (await sign()).split('.')
  return `${header}.${encode(claims({ sub: 'user_else' }))}.${signature}`
}

const refused: Record<string, () => Promise<string | null>> = {
  missing: async () => null,
  garbage: async () => 'garbage',
  'garbage in three parts': async () => 'a.b.c',
  'of characters that no token has': async () => 'to{ken}',
  'of parts that are no objects': async () => `${encode(null)}.${encode(null)}.AAAA`,
  'an empty one': async () => '',
  expired: () => sign({ exp: now() - 10 }),
  'without expiry': () => sign({ exp: undefined }),
  'not yet valid': () => sign({ nbf: now() + 60 }),
  'issued in the future': () => sign({ iat: now() + 60 }),
  'signed by another key': async () => signSessionToken((await generateKeyPair()).privateKey, claims()),
  'unsigned (alg none)': async () => `${encode({ alg: 'none', typ: 'JWT' })}.${encode(claims())}.`,
  'unsigned under RS256': async () => `${encode({ alg: 'RS256', typ: 'JWT' })}.${encode(claims())}.`,
  'HS256 with the public key as PEM': () => hs256(new TextEncoder().encode(keys.publicKey)),
  'HS256 with the public key as DER': () => hs256(der(keys.publicKey)),
  RS512: rs512,
  'with claims of another token': grafted,
  'of another app': () => sign({ azp: 'https://evil.example.com' }),
  'of an app whose origin merely begins like ours': () => sign({ azp: `${ORIGIN}.evil.example` }),
  'of no app by name': () => sign({ azp: '' }),
  'of an app that is null': () => sign({ azp: null }),
  'of another issuer': () => sign({ iss: 'https://clerk.evil.example' }),
  'of no issuer': () => sign({ iss: undefined }),
  'of a session that is pending': () => sign({ sts: 'pending' }),
  'of a machine': () => sign({ sub: 'mch_2xKZ', sid: undefined }),
  'of a machine, by its kind': () => sign({ cat: 'cl_B7d4PD222AAA' }),
  'of an OAuth application': () => sign({ sub: 'oat_1', sid: undefined }),
  'made for another audience': () => sign({ sid: undefined, aud: 'hasura' }),
  'of nobody': () => sign({ sub: undefined }),
  'of an empty subject': () => sign({ sub: '' }),
  'of a subject that Postgres cannot hold': () => sign({ sub: 'user_\0' }),
  'of a subject that is no string': () => sign({ sub: { id } }),
}

afterEach(() => void vi.restoreAllMocks())

describe('a session token', () => {
  it.each(Object.keys(refused))('%s: 401, and no look at the database', async (name) => {
    const token = (await refused[name]?.()) ?? null
    for (const path of ['/api/me', '/api/wallet']) {
      const { result, requests } = await counted(() => callWith(token, path))
      expect([result.status, result.body]).toEqual([401, { error: 'unauthorized' }])
      expect(result.headers.get('WWW-Authenticate')).toBe('Bearer')
      expect(requests).toBe(0)
    }
    expect(await user(id)).toBeUndefined()
  })

  const accepted: [string, object, Env][] = [
    ['of the app', {}, {}],
    ['of its other origin', { azp: 'https://admin.example.com' }, {}],
    ['of a native app, which has no origin', { azp: undefined }, {}],
    ['of any app, where none is configured', { azp: 'https://any.example' }, { APP_ORIGINS: '' }],
    ['with an audience that the app has added', { aud: 'https://app.example.com' }, {}],
    ['of any issuer, where none is configured', { iss: 'https://any.example' }, { CLERK_ISSUER: '' }],
    [
      'expired within the clocks’ difference',
      {
        get exp() {
          return now() - 1
        },
      },
      {},
    ],
    ['by a key on one line', {}, { CLERK_JWT_KEY: keys.publicKey.replaceAll('\n', '\\n') }],
  ]
  it.each(accepted)('%s: 200', async (_, more, env) => {
    // However long this takes.
    vi.spyOn(Date, 'now').mockReturnValue(Date.now())
    const user = randomId('user')
    const reply = await callWith(await sign({ sub: user, ...more }), '/api/me', {}, env)
    expect([reply.status, reply.body.id]).toEqual([200, user])
  })

  it('of another app is refused also where the app has one origin', async () => {
    const one = { APP_ORIGINS: ORIGIN }
    for (const azp of ['https://evil.example.com', 'https://admin.example.com', `${ORIGIN}/`])
      expect((await callWith(await sign({ azp }), '/api/me', {}, one)).status).toBe(401)
    expect((await callWith(await tokenFor(id), '/api/me', {}, one)).status).toBe(200)
  })

  it('is valid for a day at most, whenever it says that it expires', async () => {
    const at = Math.floor(Date.now() / 1000)
    vi.spyOn(Date, 'now').mockReturnValue(at * 1000)
    const day = 24 * 60 * 60
    const aged = async (seconds: number) =>
      (await callWith(await sign({ iat: at - seconds, nbf: at - seconds, exp: at + 60 }), '/api/me')).status
    expect([await aged(day - 1), await aged(day), await aged(day + 1)]).toEqual([200, 200, 401])
    expect([await aged(day + 60 * 60), await aged(30 * day)]).toEqual([401, 401])
  })

  it('is verified by the key that is configured now', async () => {
    const other = await generateKeyPair()
    const token = await tokenFor(id)
    const changed = { CLERK_JWT_KEY: other.publicKey }
    expect((await callWith(token, '/api/me')).status).toBe(200)
    expect((await callWith(token, '/api/me', {}, changed)).status).toBe(401)
    const renewed = await signSessionToken(other.privateKey, claims())
    expect((await callWith(renewed, '/api/me', {}, changed)).status).toBe(200)
    expect((await callWith(token, '/api/me')).status).toBe(200)
  })

  it('that is refused leaves its cause in the log, and nothing else of it', async () => {
    const log = vi.spyOn(console, 'log')
    await callWith(await sign({ azp: 'https://evil.example.com' }), '/api/me')
    expect(JSON.parse(String(log.mock.lastCall?.[0]))).toEqual({
      message: 'refused',
      level: 'warn',
      path: '/api/me',
      cause: 'unauthorized_party',
      'http.route': '/api/me',
      'error.type': 'unauthorized_party',
    })
    await callWith((await refused['signed by another key']?.()) as string, '/api/me')
    expect(JSON.parse(String(log.mock.lastCall?.[0]))).toMatchObject({ cause: 'token-invalid-signature' })
  })

  it('cannot be verified without a key: that is a setting, not a refusal', async () => {
    const log = vi.spyOn(console, 'log')
    const reply = await callWith(await tokenFor(id), '/api/me', {}, { CLERK_JWT_KEY: '' })
    expect([reply.status, reply.body]).toEqual([500, { error: 'misconfigured' }])
    expect(JSON.parse(String(log.mock.lastCall?.[0]))).toMatchObject({ settings: ['CLERK_JWT_KEY'] })
  })

  it('is not a service token, nor the other way round', async () => {
    const init = { method: 'POST', body: '{}' }
    expect((await callWith(await tokenFor(id), '/api/wallet/spend', init)).status).toBe(401)
    expect((await callWith(accountSettings.SERVICE_TOKEN, '/api/me')).status).toBe(401)
  })
})
