import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type Whole from 'stripe'
import { beforeAll, describe, expect, it } from 'vitest'
import { CALLED, partsOf } from '../../cli/sdk/stripe.ts'
import { SDKS } from '../../cli/sdk/write.ts'
import { projectDir } from '../../cli/shared/project.ts'

const CORE = readFileSync(join(projectDir, 'node_modules/stripe/esm/stripe.core.js'), 'utf8')
const SECRET = 'whsec_of_the_bundle'
const EVENT = JSON.stringify({ id: 'evt_1', object: 'event', type: 'invoice.paid', data: { object: {} } })

let whole: typeof Whole
let cut: typeof Whole

beforeAll(async () => {
  const load = async (path: string) =>
    (await import(pathToFileURL(join(projectDir, path)).href)).default as typeof Whole
  whole = await load('node_modules/stripe/esm/stripe.esm.worker.js')
  cut = await load(SDKS.stripe.file)
})

/** The calls that the Worker makes, with their parameters. */
const calls: Record<string, (stripe: Whole) => Promise<unknown>> = {
  'accounts.retrieveCurrent': (stripe) => stripe.accounts.retrieveCurrent(),
  'billingPortal.sessions.create': (stripe) =>
    stripe.billingPortal.sessions.create({ customer: 'cus_1', return_url: 'https://app.test/a?b=c' }),
  'charges.retrieve': (stripe) =>
    stripe.charges.retrieve(
      'ch_1',
      { expand: ['balance_transaction'] },
      { timeout: 2_000, maxNetworkRetries: 0 },
    ),
  'checkout.sessions.create': (stripe) =>
    stripe.checkout.sessions.create({
      mode: 'payment',
      line_items: [{ quantity: 2, price_data: { currency: 'eur', unit_amount: 500 } as never }],
      metadata: { user_id: 'user_1', 'a b': 'ü&=' },
    }),
  'checkout.sessions.expire': (stripe) => stripe.checkout.sessions.expire('cs_1'),
  'checkout.sessions.list': (stripe) => stripe.checkout.sessions.list({ customer: 'cus_1', limit: 100 }),
  'checkout.sessions.listLineItems': (stripe) =>
    stripe.checkout.sessions.listLineItems('cs_1', { limit: 100 }),
  'customers.create': (stripe) =>
    stripe.customers.create({ email: 'a@b.test', metadata: { app: 'x' } }, { idempotencyKey: 'key_1' }),
  'customers.retrieve': (stripe) => stripe.customers.retrieve('cus_/1'),
  'disputes.retrieve': (stripe) => stripe.disputes.retrieve('du_1'),
  'events.retrieve': (stripe) => stripe.events.retrieve('evt_1'),
  'invoicePayments.list': (stripe) =>
    stripe.invoicePayments.list({ payment: { type: 'payment_intent', payment_intent: 'pi_1' } }),
  'invoices.retrieve': (stripe) => stripe.invoices.retrieve('in_1'),
  'paymentIntents.retrieve': (stripe) => stripe.paymentIntents.retrieve('pi_1'),
  'prices.retrieve': (stripe) => stripe.prices.retrieve('price_1', { expand: ['currency_options'] }),
  'refunds.list': async (stripe) =>
    await stripe.refunds.list({ charge: 'ch_1' }).autoPagingToArray({ limit: 100 }),
  'subscriptions.cancel': (stripe) => stripe.subscriptions.cancel('sub_1', {}, { maxNetworkRetries: 0 }),
  'subscriptions.retrieve': (stripe) => stripe.subscriptions.retrieve('sub_1'),
  rawRequest: (stripe) => stripe.rawRequest('GET', '/v1/products/prod_1'),
}

const OBJECT = {
  id: 'obj_1',
  object: 'list',
  data: [{ id: 'a', unit_amount_decimal: '12.5' }],
  has_more: false,
  unit_amount_decimal: '0.25',
  currency_options: { eur: { unit_amount_decimal: '1.125', tiers: null } },
}
const ERROR = {
  error: { type: 'invalid_request_error', code: 'resource_missing', message: 'No such object' },
}

const responses: Record<string, () => Response> = {
  'an object': () =>
    Response.json(OBJECT, { headers: { date: 'Thu, 26 Nov 2026 07:00:00 GMT', 'request-id': 'req_1' } }),
  'an error': () => Response.json(ERROR, { status: 404, headers: { 'request-id': 'req_2' } }),
  'what is no JSON': () =>
    new Response('<html>', { status: 502, headers: { 'stripe-should-retry': 'false' } }),
  'no response': () => {
    throw new TypeError('fetch failed')
  },
}

/**
 * Returns the request that the SDK sends, and its result. Idempotency keys that the SDK generates for retries differ
 * each time.
 */
async function play(Sdk: typeof Whole, call: string, response: string) {
  const asked: unknown[] = []
  const fetcher = async (url: unknown, { headers, method, body }: RequestInit = {}) => {
    const sent = Object.fromEntries(new Headers(headers))
    if (sent['idempotency-key']?.startsWith('stripe-node-retry-')) sent['idempotency-key'] = 'made up'
    asked.push({ url: String(url), method, body, sent })
    return responses[response]?.()
  }
  const options = { httpClient: Sdk.createFetchHttpClient(fetcher as typeof fetch), maxNetworkRetries: 0 }
  const stripe = new Sdk('sk_test_123', { ...options, telemetry: false })
  const run = async () => await calls[call]?.(stripe)
  const result = await run().catch((error: Whole.errors.StripeError) => ({
    type: error.type,
    code: error.code,
    message: error.message,
    status: error.statusCode,
    isOurs: error instanceof Sdk.errors.StripeError,
  }))
  return { asked, result: JSON.parse(JSON.stringify(result)) }
}

describe("Stripe's SDK as it is bundled, beside the whole of it", () => {
  const cases = Object.keys(calls).flatMap((call) =>
    Object.keys(responses).map((name) => [call, name] as const),
  )
  it.each(cases)('asks the same by %s, and reads the same of %s', async (call, response) => {
    const { asked, result } = await play(cut, call, response)
    expect({ asked, result }).toEqual(await play(whole, call, response))
    expect(asked).toHaveLength(1)
  })

  it('verifies the same signatures', async () => {
    const at = 1_795_000_000
    for (const Sdk of [whole, cut]) {
      const { signature, generateTestHeaderStringAsync } = Sdk.webhooks
      const header = await generateTestHeaderStringAsync({ payload: EVENT, secret: SECRET, timestamp: at })
      const verify = async (body: string, given: string, now: number) =>
        await signature
          ?.verifyHeaderAsync(body, given, SECRET, 300, undefined, now * 1_000)
          .catch(() => false)
      expect(header).toBe(
        await whole.webhooks.generateTestHeaderStringAsync({ payload: EVENT, secret: SECRET, timestamp: at }),
      )
      expect(await verify(EVENT, header, at)).toBe(true)
      expect(await verify(`${EVENT} `, header, at)).toBe(false)
      expect(
        await verify(
          EVENT,
          header.replace(/.$/, (last) => (last === '0' ? '1' : '0')),
          at,
        ),
      ).toBe(false)
      expect(await verify(EVENT, header, at + 301)).toBe(false)
    }
  })

  it('has every part of the API that the sources name, and no other', () => {
    const sources = globSync('src/**/*.ts', { cwd: projectDir }).map((path) =>
      readFileSync(join(projectDir, path), 'utf8'),
    )
    const isNamed = (part: string) => {
      const name = new RegExp(`\\bstripe\\.${part}\\b|\\{[^{}]*\\b${part}\\b[^}]*\\}+: Stripe\\b`)
      return sources.some((source) => name.test(source))
    }
    expect(partsOf(CORE).filter(isNamed).sort()).toEqual([...CALLED].sort())
    expect([...new Set(Object.keys(calls).map((call) => call.split('.')[0]))].sort()).toEqual(
      [...CALLED, 'rawRequest'].sort(),
    )
    expect(partsOf(CORE).length).toBeGreaterThan(60)
  })

  it('says so where another part is asked for', () => {
    const stripe = new cut('sk_test_123')
    expect(() => stripe.quotes).toThrow('stripe.quotes is not in the bundle')
    expect(() => stripe.treasury).toThrow('stripe.treasury is not in the bundle')
  })
})
