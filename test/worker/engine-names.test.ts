import { describe, expect, it } from 'vitest'
import { invoiceEvent, subscriptionEvent } from '../../local/billing-events.ts'
import { checkoutEvent, clerkEvent, randomId } from '../../local/events.ts'
import { accountSettings, callWith, spend, tokenFor } from './account-support.ts'
import { signedUp } from './people.ts'
import { balance, deliver, type Env, prices, said, send, settings } from './support.ts'

/** Names of members that every plain object already has. */
const NAMES = ['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__']
const env: Env = {
  ...accountSettings,
  APP_URL: 'https://app.example',
  CREDIT_PACKS: JSON.stringify({ starter: { credits: 5, amount: 7, currency: 'usd', name: 'A pack' } }),
  PLANS: JSON.stringify({ [prices[0] ?? '']: { key: 'pro', credits: 1000 } }),
}

/** Sends a request of this caller, and returns the response. */
const ask = (token: string, path: string, method: string, body?: string) =>
  callWith<{ error?: string; fields?: Record<string, string[]> }>(
    token,
    path,
    { method, ...(body !== undefined && { body }) },
    env,
  )
/** Returns JSON with this member first, as an attacker writes it. An object literal would set its prototype. */
const withMember = (name: string, rest: object) =>
  JSON.stringify(rest).replace(/^\{/, `{"${name}":1${JSON.stringify(rest) === '{}' ? '' : ','}`)

describe.each(NAMES)('the name %s', (name) => {
  it('as a member of a body is refused with its field', async () => {
    const id = await signedUp()
    const bodies: [string, string, string, object][] = [
      [await tokenFor(id), 'POST', '/api/checkout', { pack: 'starter' }],
      [await tokenFor(id), 'POST', '/api/checkout', {}],
      [
        accountSettings.SERVICE_TOKEN,
        'POST',
        '/api/wallet/spend',
        { user_id: id, amount: 1, idempotency_key: id },
      ],
      [accountSettings.SERVICE_TOKEN, 'POST', '/api/wallet/spend', {}],
    ]
    for (const [token, method, path, rest] of bodies) {
      const { status, body } = await ask(token, path, method, withMember(name, rest))
      expect([path, status, body.error]).toEqual([path, 400, 'invalid_request'])
      expect(Object.keys(body.fields ?? {})).toContain(name)
    }
    expect(await balance(id)).toBe(40)
  })

  it('as a value of a body is refused with its field, or is merely nobody’s', async () => {
    const token = await tokenFor(await signedUp())
    for (const member of ['pack', 'plan']) {
      const { status, body } = await ask(token, '/api/checkout', 'POST', JSON.stringify({ [member]: name }))
      expect([status, Object.keys(body.fields ?? {})]).toEqual([400, [member]])
    }
    expect(await spend({ user_id: name, amount: 1, idempotency_key: randomId('key') })).toMatchObject({
      status: 404,
    })
  })

  it('in a query changes nothing, and as a value of one is refused with its field', async () => {
    const id = await signedUp()
    const token = await tokenFor(id)
    for (const path of ['/api/me', '/api/wallet', '/api/openapi.json', '/api/health'])
      expect([path, (await ask(token, `${path}?${name}=1&${name}=2`, 'GET')).status]).toEqual([path, 200])
    for (const member of ['cursor', 'limit']) {
      const { status, body } = await ask(token, `/api/wallet?${member}=${name}`, 'GET')
      expect([status, Object.keys(body.fields ?? {})]).toEqual([400, [member]])
    }
    const operator = settings.OPS_TOKEN
    const { status, body } = await ask(operator, `/api/ops/explain/${id}?before=${name}`, 'GET')
    expect([status, Object.keys(body.fields ?? {})]).toEqual([400, ['before']])
    expect((await ask(operator, `/api/ops/explain/${id}?${name}=1`, 'GET')).status).toBe(200)
    expect((await ask(token, `/api/billing-portal?${name}=1`, 'POST', '{}')).status).toBe(409)
  })

  it('in a path is not found', async () => {
    const token = await tokenFor(await signedUp())
    expect((await ask(token, `/api/checkout/${name}`, 'GET')).status).toBe(404)
    expect((await ask(settings.OPS_TOKEN, `/api/ops/explain/${name}`, 'GET')).status).toBe(404)
    expect((await ask(token, `/api/${name}`, 'GET')).status).toBe(404)
    expect((await ask(token, `/api/webhooks/${name}`, 'POST', '{}')).status).toBe(404)
  })

  it('as type, price, plan or member of an event is a name like any other', async () => {
    for (const provider of ['clerk', 'stripe'] as const) {
      const made =
        provider === 'clerk'
          ? clerkEvent('user.created', { user: 'user_x' })
          : checkoutEvent('checkout.session.completed', { user: 'user_x' })
      expect(said(await deliver(provider, { ...made, type: name }))).toBe('ignored unhandled_type')
    }
    const id = await signedUp()
    const names = { subscription: `sub_${id}`, customer: `cus_${id}`, user: id, price: name }
    const subscribed = subscriptionEvent('customer.subscription.created', names)
    expect(said(await deliver('stripe', subscribed, { env }))).toBe('applied')
    const paid = invoiceEvent('invoice.paid', { ...names, invoice: `in_${id}` })
    expect(said(await deliver('stripe', paid, { env }))).toBe('parked unknown_price')
    expect(await balance(id)).toBe(40)

    const topUp = checkoutEvent('checkout.session.completed', { user: id })
    const body = JSON.stringify(topUp).replaceAll('{"', `{"${name}":{"user_id":"user_else"},"`)
    expect(await (await send('stripe', body)).json()).toMatchObject({ outcome: 'applied' })
    expect(await balance(id)).toBe(540)
  })
})
