import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Stripe from 'stripe'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Context, createContext } from '../../cli/doctor/context.ts'
import { fix, putByWrangler } from '../../cli/doctor/fix.ts'
import { endpointChecks, NEEDED } from '../../cli/doctor/stripe-endpoint.ts'
import { type LocalStripe, startStripe } from '../../local/stripe/server.ts'
import { run, scratchDir } from './command.ts'

const KEY = 'sk_test_local_0123456789'
const URL_OF_WORKER = 'https://ledgerhook.invalid'
const HOOK = `${URL_OF_WORKER}/api/webhooks/stripe`
const OLD_SECRET = 'whsec_of_an_older_endpoint'

let local: LocalStripe
let stripe: Stripe
let put: [string, string][] = []

beforeAll(async () => {
  local = await startStripe({ port: 0, secretKey: KEY })
  stripe = new Stripe(KEY, { protocol: 'http', host: '127.0.0.1', port: local.port, telemetry: false })
})
afterAll(() => local.stop())

const context = (url = URL_OF_WORKER): Context =>
  createContext({
    url,
    checkout: { dir: '.', build: '' },
    given: { STRIPE_SECRET_KEY: KEY, STRIPE_WEBHOOK_SECRET: OLD_SECRET, STRIPE_API_BASE: local.url },
  })
const mend = (url?: string) =>
  fix(context(url), async (name, value) => {
    put.push([name, value])
  })
const endpoints = async () => (await stripe.webhookEndpoints.list({ limit: 100 })).data

describe('--fix', () => {
  it('creates the endpoint with every event that is needed and a known version, and puts its secret before those that are there', async () => {
    put = []
    const [did] = await mend()
    const [made] = await endpoints()
    expect(made).toMatchObject({
      url: HOOK,
      enabled_events: NEEDED,
      status: 'enabled',
      api_version: Stripe.API_VERSION,
    })
    expect(did).toContain(made?.id)
    expect(put).toEqual([
      ['STRIPE_WEBHOOK_SECRET', expect.stringMatching(new RegExp(`^whsec_\\w+,${OLD_SECRET}$`))],
    ])
    expect(did).not.toContain('whsec_')
  })

  it('does nothing the second time', async () => {
    put = []
    expect(await mend()).toEqual([])
    expect([put, (await endpoints()).length]).toEqual([[], 1])
  })

  it('adds what is missing, and takes nothing away', async () => {
    const [endpoint] = await endpoints()
    const enabled_events = ['invoice.paid', 'product.created'] as const
    await stripe.webhookEndpoints.update(endpoint?.id ?? '', { enabled_events: [...enabled_events] })
    const [did] = await mend()
    expect(did).toContain('refund.created')
    const [mended] = await endpoints()
    expect([...(mended?.enabled_events ?? [])].sort()).toEqual([...NEEDED, 'product.created'].sort())
  })

  it('never deletes one of two', async () => {
    const second = await stripe.webhookEndpoints.create({ url: HOOK, enabled_events: ['invoice.paid'] })
    await expect(mend()).rejects.toThrow('several endpoints have this address')
    expect(await endpoints()).toHaveLength(2)
    await stripe.webhookEndpoints.update(second.id, { url: 'https://elsewhere.invalid' })
  })

  it('creates none for a Worker on this machine: it says what does, as the check that finds none does', async () => {
    const here = 'http://127.0.0.1:8787'
    const says = 'start `npm run dev` again: the local Stripe then has it'
    await expect(mend(here)).rejects.toThrow(
      `the local Stripe has no endpoint for ${here}/api/webhooks/stripe: ${says}`,
    )
    const [exists] = endpointChecks
    expect(await exists?.run(context(here))).toMatchObject({ result: 'fail', do: says })
  })

  it('asks Stripe itself nothing for a Worker on this machine, to which it sends nothing', async () => {
    const given = { STRIPE_SECRET_KEY: 'sk_test_0123456789abcdef' }
    const here = createContext({ url: 'http://127.0.0.1:8787', checkout: { dir: '.', build: '' }, given })
    here.endpoints = () => Promise.reject(new Error('it was asked'))
    await expect(fix(here, () => Promise.resolve())).rejects.toThrow(
      'Stripe sends nothing to this machine: its events come by `stripe listen`',
    )
  })

  it('says in one line where the secret is, if it cannot be set', async () => {
    const other = context('https://other.invalid')
    const failing = fix(other, () => Promise.reject(new Error('wrangler ended with 1: is it logged in?')))
    await expect(failing).rejects.toThrow(
      /is made, but its secret could not be set .* reveal it in the Dashboard/,
    )
  })

  it('says so where the key may not', async () => {
    const body = JSON.stringify({ denied: ['GET /v1/webhook_endpoints'] })
    await fetch(`${local.url}/test/permissions`, { method: 'POST', body })
    const { code, output } = await run('cli/doctor.ts', ['--fix', '--url', URL_OF_WORKER], scratchDir(), {
      STRIPE_SECRET_KEY: KEY,
      STRIPE_API_BASE: local.url,
    })
    await fetch(`${local.url}/test/permissions`, { method: 'POST', body: '{"denied": []}' })
    expect({ code, output }).toEqual({
      code: 1,
      output: 'Stripe refused it (403): may the key write webhook endpoints?',
    })
  })
})

describe('the secret', () => {
  const script = (dir: string, code: number) => {
    const path = join(dir, 'wrangler.mjs')
    const body = `import { text } from 'node:stream/consumers'
      import { writeFileSync } from 'node:fs'
      writeFileSync(${JSON.stringify(join(dir, 'seen.json'))}, JSON.stringify([process.argv.slice(2), await text(process.stdin)]))
      process.exit(${code})`
    writeFileSync(path, body)
    return path
  }

  it('goes to wrangler by its standard input, never on a command line', async () => {
    const dir = scratchDir()
    await putByWrangler('staging', script(dir, 0))('STRIPE_WEBHOOK_SECRET', 'whsec_new,whsec_old')
    expect(JSON.parse(readFileSync(join(dir, 'seen.json'), 'utf8'))).toEqual([
      ['secret', 'put', 'STRIPE_WEBHOOK_SECRET', '--env', 'staging'],
      'whsec_new,whsec_old',
    ])
  })

  it('that wrangler does not accept is an error', async () => {
    const putting = putByWrangler(undefined, script(scratchDir(), 3))('STRIPE_WEBHOOK_SECRET', 'whsec_new')
    await expect(putting).rejects.toThrow('wrangler ended with 3')
  })
})
