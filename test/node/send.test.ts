import { writeFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import Stripe from 'stripe'
import { Webhook } from 'svix'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { formatVars, generateSecrets } from '../../local/dev-vars.ts'
import { fixtures } from '../../local/events.ts'
import { readTime } from '../../local/send/flags.ts'
import { run, scratchDir } from './command.ts'

const secrets = generateSecrets()
const received: { path: string; headers: IncomingHttpHeaders; body: string }[] = []
let answer = 200

/** Stands in for the Worker, and checks each request by the provider's own SDK. */
const server = createServer(async (request, response) => {
  received.push({ path: request.url ?? '', headers: request.headers, body: await text(request) })
  response.statusCode = answer
  response.end('{"outcome":"applied"}')
})
const port = () => String((server.address() as AddressInfo).port)

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterAll(() => server.close())
beforeEach(() => {
  received.length = 0
  answer = 200
})

async function send(...args: string[]) {
  const cwd = scratchDir()
  writeFileSync(join(cwd, '.dev.vars'), formatVars(secrets))
  return await run('local/send.ts', ['--port', port(), ...args], cwd)
}

const onlyRequest = () => {
  expect(received).toHaveLength(1)
  return received[0] as (typeof received)[number]
}
const openClerk = ({ body, headers }: (typeof received)[number]) => {
  new Webhook(secrets.CLERK_WEBHOOK_SECRET ?? '').verify(body, headers as Record<string, string>)
  return JSON.parse(body) as { type: string; data: Record<string, unknown> }
}
const openStripe = ({ body, headers }: (typeof received)[number]) =>
  Stripe.webhooks.constructEventAsync(
    body,
    String(headers['stripe-signature']),
    secrets.STRIPE_WEBHOOK_SECRET ?? '',
  )

describe('npm run send', () => {
  test('signs a Clerk event as Svix does, about the user that was asked for', async () => {
    const flags = [
      '--user',
      'user_1',
      '--name',
      'Ada King',
      '--unverified',
      '--event',
      'msg_1',
      '--at',
      '-10m',
    ]
    const { code, output } = await send('clerk', 'user.created', ...flags)
    expect({ code, output }).toMatchObject({
      code: 0,
      output: expect.stringContaining('200  {"outcome":"applied"}'),
    })

    const request = onlyRequest()
    expect(request).toMatchObject({ path: '/api/webhooks/clerk', headers: { 'svix-id': 'msg_1' } })
    const { type, data } = openClerk(request)
    expect({ type, ...data }).toMatchObject({
      type: 'user.created',
      id: 'user_1',
      first_name: 'Ada',
      last_name: 'King',
    })
    expect(data).toMatchObject({ email_addresses: [{ verification: { status: 'unverified' } }] })
    expect(Date.now() - Number(data.updated_at)).toBeGreaterThanOrEqual(600_000)
  })

  test('sends the session of a Payment Link, which a reference names alone', async () => {
    await send('stripe', 'checkout.session.completed', '--reference', 'user_2', '--credits', '60')
    const { data } = await openStripe(onlyRequest())
    expect(data.object).toMatchObject({
      client_reference_id: 'user_2',
      payment_link: 'plink_local',
      metadata: { credits: '60' },
    })
    expect(data.object).not.toHaveProperty('metadata.user_id')
  })

  test('signs a Stripe event as Stripe does, about the payment that was asked for', async () => {
    const money = [
      '--credits',
      '7',
      '--amount',
      '900',
      '--currency',
      'eur',
      '--payment',
      'pi_1',
      '--customer',
      'cus_1',
    ]
    await send('stripe', 'checkout.session.completed', ...money, '--unpaid', '--event', 'evt_1')
    const request = onlyRequest()
    expect(request.path).toBe('/api/webhooks/stripe')
    const event = await openStripe(request)
    expect(event).toMatchObject({ id: 'evt_1', type: 'checkout.session.completed', livemode: false })
    expect(event.data.object).toMatchObject({
      amount_total: 900,
      currency: 'eur',
      payment_intent: 'pi_1',
      customer: 'cus_1',
      payment_status: 'unpaid',
      metadata: { user_id: 'user_ada', credits: '7' },
    })
  })

  test('sells and refunds in one currency, whatever the type of the event', async () => {
    for (const type of ['checkout.session.async_payment_succeeded', 'refund.created']) {
      received.length = 0
      await send('stripe', type, '--payment', 'pi_1')
      expect((await openStripe(onlyRequest())).data.object, type).toMatchObject({ currency: 'usd' })
    }
  })

  test('pays without Checkout, and by a one-off invoice, which say themselves what they sell', async () => {
    await send(
      'stripe',
      'payment_intent.succeeded',
      '--payment',
      'pi_7',
      '--credits',
      '90',
      '--amount',
      '900',
    )
    await send('stripe', 'invoice.paid', '--user', 'user_1', '--credits', '90', '--amount', '900')
    const [intent, invoice] = await Promise.all(received.map(openStripe))
    expect(intent?.data.object).toMatchObject({
      object: 'payment_intent',
      id: 'pi_7',
      status: 'succeeded',
      amount_received: 900,
      metadata: { user_id: 'user_ada', credits: '90' },
    })
    expect(invoice?.data.object).toMatchObject({
      object: 'invoice',
      parent: null,
      total: 900,
      metadata: { user_id: 'user_1', credits: '90' },
      lines: { data: [{ amount: 900, pricing: null, parent: { subscription_item_details: null } }] },
    })
  })

  test('sells at the moment of the event, which CREDIT_SINCE is compared with', async () => {
    const at = '2026-11-01T00:00:00Z'
    await send('stripe', 'checkout.session.completed', '--at', at)
    await send('stripe', 'payment_intent.succeeded', '--at', at)
    await send('stripe', 'invoice.paid', '--credits', '90', '--at', at)
    await send('stripe', 'checkout.session.completed')
    const events = await Promise.all(received.map(openStripe))
    const moments = events.map(({ created, data }) => [
      created,
      (data.object as { created?: number }).created,
    ])
    const given = Date.parse(at) / 1000
    const now = moments.at(-1)?.[0]
    expect(now).toBeGreaterThan(given)
    expect(moments).toEqual([...Array(3).fill([given, given]), [now, now]])
  })

  test('gives the sale another moment than the event if --set says so', async () => {
    await send('stripe', 'checkout.session.completed', '--set', 'created=1767225600')
    const { created, data } = await openStripe(onlyRequest())
    expect(data.object).toMatchObject({ created: 1_767_225_600 })
    expect(created).toBeGreaterThan(1_767_225_600)
  })

  test('repeats the very same signed event', async () => {
    await send('stripe', 'checkout.session.completed', '--times', '3', '--concurrent')
    expect(received).toHaveLength(3)
    expect(new Set(received.map(({ body, headers }) => body + headers['stripe-signature'])).size).toBe(1)
  })

  test('signs with a secret nobody knows, or as of ten minutes ago, when asked to', async () => {
    await send('clerk', 'user.created', '--wrong-secret')
    expect(() => openClerk(onlyRequest())).toThrow('No matching signature found')
    received.length = 0
    await send('stripe', 'checkout.session.completed', '--old')
    await expect(openStripe(onlyRequest())).rejects.toThrow('Timestamp outside the tolerance zone')
  })

  test('fails if a response is not 2xx, unless that is what was expected', async () => {
    answer = 400
    expect(await send('clerk', 'user.created')).toMatchObject({ code: 1 })
    expect(await send('clerk', 'user.created', '--expect', '400')).toMatchObject({ code: 0 })
    const other = await send('clerk', 'user.created', '--expect', '503')
    expect([other.code, other.output]).toEqual([1, expect.stringContaining('expected 503')])
  })

  test('shows what it would send, and sends nothing', async () => {
    const { code, output } = await send('clerk', 'user.deleted', '--print')
    expect(code).toBe(0)
    expect(received).toHaveLength(0)
    const [head, body = ''] = output.split('\n\n')
    expect(head).toContain('svix-signature: v1,')
    expect(JSON.parse(body)).toMatchObject({ type: 'user.deleted' })
  })

  test('names every event that there is a fixture of in its help', async () => {
    const { code, output } = await send('--help')
    expect(code).toBe(0)
    for (const type of [...Object.keys(fixtures.clerk), ...Object.keys(fixtures.stripe)])
      expect(output).toContain(type)
  })

  test.for([
    [['clerk', 'user.greated'], "there is no clerk event 'user.greated';"],
    [['paypal', 'user.created'], 'name a provider and a type'],
    [['clerk', 'user.created', '--frobnicate'], "Unknown option '--frobnicate'"],
    [['clerk', 'user.created', '--times', 'x'], '--times takes a whole number from 1 to 1000'],
    [['clerk', 'user.created', '--at', 'soon'], '--at takes ISO 8601'],
    [['clerk', 'user.created', '--port', '1'], 'no response from http://127.0.0.1:1: start the Worker'],
  ] as const)('says in one line what is wrong with %j', async ([args, message]) => {
    const { code, output } = await send(...args)
    expect(code).toBe(1)
    expect(output.split('\n').at(-1)).toContain(message)
    expect(output).not.toContain('    at ')
  })

  test('says where secrets come from when there are none', async () => {
    const { code, output } = await run('local/send.ts', ['clerk', 'user.created'], scratchDir())
    expect({ code, output }).toEqual({
      code: 1,
      output:
        'no CLERK_WEBHOOK_SECRET to sign with: `npm run dev` writes .dev.vars, or set it in the environment',
    })
  })
})

test.for([
  ['-10m', 400_000],
  ['+2h', 8_200_000],
  ['1767225600000', 1_767_225_600_000],
  ['2026-01-01T00:00:00Z', 1_767_225_600_000],
] as const)('reads the time %s', ([given, expected]) => {
  expect(readTime(given, 1_000_000)).toBe(expected)
})

describe('a subscription of npm run send', () => {
  const invoiceOf = async (...flags: string[]) => {
    received.length = 0
    expect(await send('stripe', 'invoice.paid', ...flags)).toMatchObject({ code: 0 })
    return ((await openStripe(onlyRequest())) as Stripe.InvoicePaidEvent).data.object
  }

  test('is the user’s own: two users share no invoice, subscription or customer', async () => {
    const namesOf = async (user: string) => {
      const { id, customer, parent, lines } = await invoiceOf('--user', user)
      return [id, customer, parent?.subscription_details?.subscription, lines.data[0]?.id]
    }
    const ofAda = await namesOf('user_ada')
    expect(await namesOf('user_ada')).toEqual(ofAda)
    const names = [...ofAda, ...(await namesOf('user_bob'))]
    expect(names.filter((name) => typeof name === 'string' && /^(in|cus|sub|il)_/.test(name))).toHaveLength(8)
    expect(new Set(names).size).toBe(8)
  })

  test('is named alike by its own events and by its invoice', async () => {
    const { parent, customer } = await invoiceOf('--user', 'user_bob')
    received.length = 0
    await send('stripe', 'customer.subscription.created', '--user', 'user_bob')
    const { data } = await openStripe(onlyRequest())
    expect(data.object).toMatchObject({ id: parent?.subscription_details?.subscription, customer })
  })

  test('keeps the customer that is given', async () => {
    expect((await invoiceOf('--customer', 'cus_3Nabcdefghijklmn')).customer).toBe('cus_3Nabcdefghijklmn')
  })

  test('changes its plan: the month is credited, and the year charged', async () => {
    const month = await invoiceOf('--user', 'user_bob')
    const { lines, ...invoice } = await invoiceOf('--user', 'user_bob', '--change')
    expect(invoice).toMatchObject({
      customer: month.customer,
      parent: month.parent,
      total: 18_000,
      billing_reason: 'subscription_update',
    })
    expect(lines.data.map(({ amount }) => amount)).toEqual([-2000, 20_000])
    const [credited] = lines.data.map(({ parent }) => parent?.subscription_item_details)
    expect(credited?.subscription).toBe(month.parent?.subscription_details?.subscription)
    expect(credited?.proration_details).toEqual({
      credited_items: { invoice: month.id, invoice_line_items: month.lines.data.map(({ id }) => id) },
    })
  })
})
