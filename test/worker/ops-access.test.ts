import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { sign } from 'hono/jwt'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { randomId } from '../../local/events.ts'
import worker from '../../src/index.ts'
import { logged } from './engine-support.ts'
import { attempt, fromAnywhere, text } from './ops-support.ts'
import { signedUp } from './people.ts'
import { balance, counted, type Env, query, settings, stripeAnswers, stripeCalls } from './support.ts'

// This file's server stands for the team's Cloudflare domain, and serves its keys by HTTP.
const TEAM = settings.STRIPE_API_BASE
const AUD = 'a1'.repeat(32)
const ACCESS = { ACCESS_TEAM_DOMAIN: TEAM, ACCESS_AUD: AUD }
const CERTS = '/cdn-cgi/access/certs'
const SUB = '7335d417-61da-459d-899c-0a01c76a2f94'

interface Key {
  kid: string
  secret: JsonWebKey
  shown: JsonWebKey
}
async function newKey(): Promise<Key> {
  const rsa = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 2_048 }
  const publicExponent = new Uint8Array([1, 0, 1])
  const pair = (await crypto.subtle.generateKey({ ...rsa, publicExponent }, true, [
    'sign',
    'verify',
  ])) as CryptoKeyPair
  const kid = randomId('key')
  const jwk = async (key: CryptoKey) => ({
    ...((await crypto.subtle.exportKey('jwk', key)) as JsonWebKey),
    kid,
    alg: 'RS256',
  })
  return { kid, secret: await jwk(pair.privateKey), shown: { ...(await jwk(pair.publicKey)), use: 'sig' } }
}

const [key, stranger] = [await newKey(), await newKey()]
/** Lets time pass, because an isolate caches the keys for a while. */
let now = Date.now()
const later = (ms: number) => {
  now += ms
}
const serve = (...keys: Key[]) =>
  stripeAnswers({ [`GET ${CERTS}`]: { body: { keys: keys.map(({ shown }) => shown) } } })
const reads = async () => (await stripeCalls(CERTS)).length

beforeEach(async () => {
  later(2 * 3_600_000)
  vi.spyOn(Date, 'now').mockImplementation(() => now)
  await serve(key)
})
afterEach(() => void vi.restoreAllMocks())

/** Returns the token that Access signs for a person. */
const claims = (more: object = {}) => {
  const iat = Math.floor(now / 1_000)
  const times = { iat, nbf: iat, exp: iat + 3_600 }
  return {
    aud: [AUD],
    iss: TEAM,
    sub: SUB,
    type: 'app',
    email: 'ada@example.com',
    country: 'US',
    ...times,
    ...more,
  }
}
const token = (more: object = {}, by = key) => sign(claims(more), by.secret as never, 'RS256')

/** A request that Access lets through, by https. */
async function ask(
  assertion: string,
  {
    path = '/ops',
    env = ACCESS,
    scheme = 'https',
    headers = {},
    ...init
  }: RequestInit & { path?: string; env?: Env; scheme?: string } = {},
): Promise<Response> {
  const context = createExecutionContext()
  const request = new Request(`${scheme}://ledgerhook.test${path}`, {
    redirect: 'manual',
    ...init,
    headers: { 'cf-access-jwt-assertion': assertion, ...headers },
  })
  const response = await worker.fetch(request, { ...settings, ...env }, context)
  await waitOnExecutionContext(context)
  return response
}
const said = async (response: Response) => [
  response.status,
  text(await response.text()).includes('Token (OPS_TOKEN)'),
]
const IN = [200, false]
const FORM = [401, true]

describe('who has signed in at Cloudflare Access', () => {
  it('sees the page, and acts by the id that Access has for a person, without the address', async () => {
    const id = await signedUp()
    const body = new URLSearchParams({ user_id: id, amount: '5', note: 'Hello', key: randomId('key') })
    const headers = { origin: 'https://ledgerhook.test' }
    let status = 0
    const lines = await logged(async () => {
      status = (await ask(await token(), { path: '/ops/adjust', method: 'POST', body, headers })).status
    })
    expect([status, await balance(id)]).toEqual([200, 45])
    const actions = await query('select operator, action from operator_actions where user_id = $1', [id])
    expect(actions).toEqual([{ operator: `access:${SUB}`, action: 'adjust' }])
    const page = text(await (await ask(await token())).text())
    expect(page).toContain(`Sign out (access:${SUB})`)
    expect(page + JSON.stringify(lines)).not.toContain('ada@example.com')
  })

  it('signs out at Access; a session by a token ends here', async () => {
    const headers = { origin: 'https://ledgerhook.test' }
    const out = async (assertion: string, env: Env) =>
      (await ask(assertion, { path: '/ops/sign-out', method: 'POST', headers, env })).headers.get('location')
    expect(await out(await token(), ACCESS)).toBe('/cdn-cgi/access/logout')
    expect(await out(await token(), {})).toBe('/ops')
  })

  it('is still refused what another site sends: Access has a cookie of its own', async () => {
    const body = new URLSearchParams({ user_id: 'user_1', amount: '5', note: 'x', key: 'x' })
    for (const path of ['/ops/adjust', '/ops/sign-out', '/ops/bulk']) {
      const headers = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
      expect((await ask(await token(), { path, method: 'POST', body, headers })).status).toBe(403)
    }
  })

  it('comes by https alone', async () => {
    expect(await said(await ask(await token(), { scheme: 'http' }))).toEqual(FORM)
    expect(await said(await ask(await token()))).toEqual(IN)
  })

  it('is nobody while the settings are unset, and finds no page without OPS_TOKEN', async () => {
    const before = await reads()
    expect(await said(await ask(await token(), { env: {} }))).toEqual(FORM)
    expect((await ask(await token(), { env: { ...ACCESS, OPS_TOKEN: '' } })).status).toBe(404)
    expect(await reads()).toBe(before)
  })
})

describe('a token of Access', () => {
  const part = (value: object) => btoa(JSON.stringify(value)).replaceAll('=', '')
  const unsigned = (header: object) => `${part(header)}.${part(claims())}.`

  it.each<[string, string, () => Promise<string> | string]>([
    ['that has ended', 'token-expired', () => token({ exp: Math.floor(now / 1_000) - 60 })],
    ['without an end', 'token-verification-failed', () => token({ exp: undefined })],
    ['that begins later', 'token-not-active-yet', () => token({ nbf: Math.floor(now / 1_000) + 600 })],
    ['of another application', 'another_audience', () => token({ aud: ['b2'.repeat(32)] })],
    ['of no application', 'another_audience', () => token({ aud: undefined })],
    ['of an application whose tag has ours in it', 'another_audience', () => token({ aud: [`${AUD}00`] })],
    ['of another team', 'token-invalid-issuer', () => token({ iss: 'https://evil.cloudflareaccess.com' })],
    ['of a service', 'no_person', () => token({ sub: '', common_name: 'x.access' })],
    ['whose subject is no id', 'no_person', () => token({ sub: 'ada\n<b>' })],
    ['that another key has signed', 'unknown_key', () => token({}, stranger)],
    [
      'that another key has signed in the name of ours',
      'token-invalid-signature',
      () => token({}, { ...stranger, secret: { ...stranger.secret, kid: key.kid } as JsonWebKey }),
    ],
    ['that is signed by nobody', 'unknown_key', () => unsigned({ alg: 'none', typ: 'JWT', kid: key.kid })],
    ['that names no key', 'unknown_key', () => unsigned({ alg: 'RS256', typ: 'JWT' })],
    [
      'whose secret is our public key',
      'unknown_key',
      async () => {
        const forged = await sign(claims(), JSON.stringify(key.shown), 'HS256')
        const [, payload, signature] = forged.split('.')
        return [part({ alg: 'HS256', typ: 'JWT', kid: key.kid }), payload, signature].join('.')
      },
    ],
    [
      'that was changed',
      'token-invalid-signature',
      async () => (await token()).replace(/\.[^.]+\./, `.${part(claims({ sub: 'eve' }))}.`),
    ],
    ['that is none', 'token-invalid', () => 'not a token'],
    ['that is not JSON', 'token-invalid', () => 'a.b.c'],
    ['whose header is null', 'unusable', () => `${btoa('null')}.e30.e30`],
  ])('%s is refused, without a query, and says why in the log', async (_, cause, make) => {
    const assertion = await make()
    const { result, requests } = await counted(async () => {
      const answers: unknown[] = []
      const lines = await logged(async () => answers.push(await said(await ask(assertion))))
      return { answer: answers[0], lines }
    })
    expect([result.answer, requests]).toEqual([FORM, 0])
    const why = { path: '/ops', cause: `access: ${cause}` }
    const semantic = { 'http.route': why.path, 'error.type': why.cause }
    expect(result.lines).toEqual([{ message: 'refused', level: 'warn', ...why, ...semantic }])
    expect(await said(await ask(await token()))).toEqual(IN)
  })

  it('that is refused leaves the form, by which a token of ours still opens a session', async () => {
    const response = await attempt(settings.OPS_TOKEN, { env: ACCESS as Env, headers: fromAnywhere() })
    const cookie = response.headers.get('set-cookie')?.split(';')[0] ?? ''
    expect(await said(await ask('not a token', { headers: { cookie } }))).toEqual(IN)
  })
})

describe('the keys of the team', () => {
  it('are read once, and again for a key that is not among them, at most once a minute', async () => {
    const [before, next, made] = [await reads(), await newKey(), await newKey()]
    for (let request = 0; request < 3; request++) expect(await said(await ask(await token()))).toEqual(IN)
    expect(await reads()).toBe(before + 1)
    await serve(key, next)
    for (let request = 0; request < 3; request++)
      expect(await said(await ask(await token({}, made)))).toEqual(FORM)
    expect(await reads()).toBe(before + 1)
    later(61_000)
    for (const one of [next, key]) expect(await said(await ask(await token({}, one)))).toEqual(IN)
    expect(await said(await ask(await token({}, made)))).toEqual(FORM)
    expect(await reads()).toBe(before + 2)
  })

  it('that are withdrawn count for an hour at most', async () => {
    expect(await said(await ask(await token()))).toEqual(IN)
    await serve(await newKey())
    expect(await said(await ask(await token()))).toEqual(IN)
    later(3_600_000)
    expect(await said(await ask(await token()))).toEqual(FORM)
  })

  it.each([
    ['are not there', { status: 500, body: { keys: [key.shown] } }],
    ['are elsewhere', { status: 302, body: { keys: [key.shown] } }],
    ['are no list', { status: 200, body: { keys: {} } }],
    ['are no JSON object', { status: 200, body: null }],
  ])('that %s let nobody in, and are asked for again after five seconds', async (_, answer) => {
    await stripeAnswers({ [`GET ${CERTS}`]: answer })
    const before = await reads()
    for (let request = 0; request < 3; request++) expect(await said(await ask(await token()))).toEqual(FORM)
    expect(await reads()).toBe(before + 1)
    await serve(key)
    later(6_000)
    expect(await said(await ask(await token()))).toEqual(IN)
  })
})
