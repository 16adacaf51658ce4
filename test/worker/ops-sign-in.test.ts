import { describe, expect, it } from 'vitest'
import { ASSETS, attempt, fromAnywhere, hiddenIn, see, signedIn, text } from './ops-support.ts'
import { counted, query, request, settings } from './support.ts'

const token = settings.OPS_TOKEN
const ask = (path: string, headers: Record<string, string> = {}, env = {}) =>
  request(path, { headers, redirect: 'manual' }, env)

describe('the page /ops', () => {
  it('is not there without OPS_TOKEN, and neither are its files', async () => {
    for (const path of ['/ops', '/ops/deliveries', '/ops/page.css', '/ops/sign-in'])
      expect((await ask(path, {}, { OPS_TOKEN: '', ASSETS })).status).toBe(404)
  })

  it('asks for a token, without a request to the database', async () => {
    for (const path of ['/ops', '/ops/deliveries/stripe/evt_1', '/ops/bulk', '/ops/nothing']) {
      const { result, requests } = await counted(() => ask(path))
      expect([result.status, requests]).toEqual([401, 0])
      expect(text(await result.text())).toContain('Token (OPS_TOKEN)')
    }
  })

  it('does nothing for who is not signed in', async () => {
    for (const path of ['/ops/deliveries/stripe/evt_1', '/ops/bulk', '/ops/adjust']) {
      const init = { method: 'POST', body: new URLSearchParams({ do: 'settle', note: 'x' }) }
      const { result, requests } = await counted(() =>
        request(path, { ...init, headers: { origin: 'http://ledgerhook.test' } }),
      )
      expect([result.status, requests]).toEqual([401, 0])
    }
  })

  it('loads nothing from elsewhere, is in no frame, and is kept by no cache', async () => {
    for (const path of ['/ops', '/ops/nothing', '/ops/page.js']) {
      const { headers } = await ask(path, {}, { ASSETS })
      expect(headers.get('content-security-policy')).toBe(
        "default-src 'none'; style-src 'self'; script-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
      )
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      if (!path.endsWith('.js')) expect(headers.get('cache-control')).toBe('no-store')
    }
  })

  it('serves its own files, and no other', async () => {
    for (const [file, type] of [
      ['page.css', 'text/css'],
      ['page.js', 'text/javascript'],
      ['uplot.css', 'text/css'],
      ['uplot.js', 'text/javascript'],
    ]) {
      const response = await ask(`/ops/${file}`, {}, { ASSETS })
      expect([response.status, response.headers.get('content-type')]).toEqual([
        200,
        expect.stringContaining(type as string),
      ])
      await response.text()
    }
    expect((await ask('/ops/other.js', {}, { ASSETS })).status).toBe(404)
    expect((await ask('/page.css', {}, { ASSETS })).status).toBe(404)
  })
})

describe('signing in', () => {
  it('gives a session of eight hours that no script reads and no other site sends', async () => {
    const response = await attempt(token, { to: '/ops/deliveries?type=x', headers: fromAnywhere() })
    expect([response.status, response.headers.get('location')]).toEqual([303, '/ops/deliveries?type=x'])
    const [pair, ...attributes] = response.headers.get('set-cookie')?.split('; ') ?? []
    expect(pair).toMatch(/^__Host-ops=\d+\./)
    expect(attributes.sort()).toEqual(['HttpOnly', 'Max-Age=28800', 'Path=/', 'SameSite=Strict', 'Secure'])
    expect(pair).not.toContain(token)
    const page = await ask('/ops', { cookie: pair as string })
    expect([page.status, text(await page.text())]).toEqual([
      200,
      expect.stringContaining('Build and database'),
    ])
  })

  it('leads nowhere but to the page', async () => {
    for (const to of ['https://evil.example', '//evil.example', '/opsx', '/api/me', ''])
      expect((await attempt(token, { to, headers: fromAnywhere() })).headers.get('location')).toBe('/ops')
  })

  it('leads back to an address with any characters, as the browser had it', async () => {
    for (const path of [
      '/ops/x%0Ay',
      '/ops/x%0D%0ASet-Cookie:%20a=b',
      '/ops/%C3%A9?id=%E2%82%AC',
      '/ops/a%2525b',
    ]) {
      const form = await (await ask(path)).text()
      const response = await attempt(token, { to: hiddenIn(form, 'to'), headers: fromAnywhere() })
      expect([response.status, response.headers.get('location')]).toEqual([303, path])
    }
    // A form that somebody has changed.
    for (const to of ['/ops/x\ny', '/ops/x\r\nSet-Cookie: a=b', '/ops/x\0', '/ops/é']) {
      const response = await attempt(token, { to, headers: fromAnywhere() })
      expect([response.status, response.headers.get('location')]).toEqual([303, '/ops'])
    }
  })

  it('is refused to another site, also for somebody who is signed in', async () => {
    const { cookie } = await signedIn()
    const headers = { origin: 'https://evil.example', cookie }
    const body = new URLSearchParams({ user_id: 'user_1', amount: '5', note: 'x', key: 'x' })
    for (const path of ['/ops/sign-in', '/ops/adjust', '/ops/sign-out'])
      expect((await request(path, { method: 'POST', body, headers })).status).toBe(403)
  })

  it('takes no cookie that is changed, ended, or signed by another token', async () => {
    const { cookie } = await signedIn()
    const status = async (changed: string, env = {}) => (await ask('/ops', { cookie: changed }, env)).status
    expect(await status(cookie)).toBe(200)
    const later = cookie.replace(/\d+\./, (until) => `${Number(until.slice(0, -1)) + 1}.`)
    expect([await status(later), await status('__Host-ops=99999999999999.x')]).toEqual([401, 401])
    expect(await status(cookie, { OPS_TOKEN: 'another-token-of-the-tests' })).toBe(401)
    expect(await status(cookie, { OPS_TOKEN: `another-token-of-the-tests,ada:${token}` })).toBe(200)
  })

  it('ends with the session, and by signing out', async () => {
    const { cookie } = await signedIn()
    const out = await request('/ops/sign-out', {
      method: 'POST',
      headers: { origin: 'http://ledgerhook.test', cookie },
    })
    expect(out.headers.get('set-cookie')).toMatch(/^__Host-ops=; Max-Age=0; Path=\/; Secure/)
  })

  it('knows each operator by the name of the token', async () => {
    const env = { OPS_TOKEN: `ada:${token},bob-the-second-token` }
    expect(await see(await signedIn(token, env), '/ops')).toContain('Sign out (ada)')
    expect(await see(await signedIn('bob-the-second-token', env), '/ops')).toContain('Sign out (operator)')
    const actions = text(await see(await signedIn(token, env), '/ops/actions'))
    expect(actions).toMatch(/ada sign_in .* operator sign_in/)
  })
})

describe('guessing', () => {
  it('is slowed down, more and more, for its network alone, whatever is guessed then', async () => {
    const headers = fromAnywhere()
    const said = async (guess: string) => text(await (await attempt(guess, { headers })).text())
    for (let failures = 1; failures < 5; failures++)
      expect(await said(`wrong-token-${failures}`)).toContain('This token is not valid')
    await query('update sign_in_failures set failures = 40')
    expect(await said('wrong-token-5')).toMatch(/try again in 900 s/)
    // The right token is refused too, because guessing would otherwise go on as fast as before.
    const { result, requests } = await counted(() => said(token))
    expect([result, requests]).toEqual([expect.stringMatching(/try again in \d+ s/), 0])
    expect((await attempt(token, { headers: fromAnywhere() })).status).toBe(303)
  })

  it('is blocked for 15 minutes at most, and forgotten after a day or a success', async () => {
    const attemptOf = async (operator: string | null) => {
      const facts = JSON.stringify({ bucket: 2_000, operator })
      const [row] = await query<{ told: { signed_in: boolean; retry_in_s: number } }>(
        'select try_sign_in($1::jsonb) as told',
        [facts],
      )
      return row?.told
    }
    const ago = (time: string) =>
      query(`update sign_in_failures set blocked_until = now() - $1::interval where bucket = 2000`, [time])
    const waits: number[] = []
    for (let failures = 1; failures <= 18; failures++) {
      waits.push((await attemptOf(null))?.retry_in_s ?? -1)
      await ago('1 second')
    }
    expect(waits).toEqual([0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900])
    await ago('2 days')
    expect(await attemptOf(null)).toEqual({ signed_in: false, retry_in_s: 0 })
    expect(await attemptOf('ada')).toEqual({ signed_in: true, retry_in_s: 0 })
    expect(await query('select from sign_in_failures where bucket = 2000')).toEqual([])
  })

  it('lets a blocked network write nothing, and all networks together 1,024 rows', async () => {
    await query(
      `insert into sign_in_failures values (2001, 9, now() + interval '1 hour') on conflict do nothing`,
    )
    const before = await query('select * from sign_in_failures where bucket = 2001')
    const [row] = await query<{ told: object }>(
      `select try_sign_in('{"bucket": 2001, "operator": "ada"}') as told`,
    )
    expect(row?.told).toMatchObject({ signed_in: false })
    expect(await query('select * from sign_in_failures where bucket = 2001')).toEqual(before)
    for (const from of ['2001:db8::1', '2001:db8:0:0:9::1', '', 'not an address'])
      await attempt('wrong-token-of-somebody', { headers: { 'cf-connecting-ip': from } })
    const [{ highest } = { highest: -1 }] = await query<{ highest: number }>(
      'select max(bucket) as highest from sign_in_failures where bucket < 2000',
    )
    expect(highest).toBeLessThan(1_024)
  })
})
