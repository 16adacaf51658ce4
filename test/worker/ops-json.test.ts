import { describe, expect, it } from 'vitest'
import * as z from 'zod/mini'
import { checkoutEvent, randomId } from '../../local/events.ts'
import { shownPages } from '../../local/openapi/shown-pages.ts'
import { paymentIntentEvent } from '../../local/payment-events.ts'
import { readers } from '../../src/ops/page/as-json.ts'
import { accountSettings, callWith } from './account-support.ts'
import { hiddenIn, see, signedIn, submit } from './ops-support.ts'
import { signedUp } from './people.ts'
import { planLine, subscriber } from './plan-support.ts'
import { counted, deliver, query, request, settings } from './support.ts'

const COMPLETED = 'checkout.session.completed'

const shown = async (path: string) => await callWith(settings.OPS_TOKEN, `/api/ops/${path}`)

/** A user with a top-up, a rejected one, and one that waits for another user. */
async function history() {
  const user = await signedUp()
  const paid = checkoutEvent(COMPLETED, { user, payment: `pi_${user}` })
  const bad = checkoutEvent(COMPLETED, { user, session: { metadata: { user_id: user, credits: 'many' } } })
  const waiting = checkoutEvent(COMPLETED, { user: randomId('user') })
  for (const event of [paid, bad, waiting]) await deliver('stripe', event)
  return { user, paid, bad, waiting }
}

describe('what a page of /ops shows, as JSON', () => {
  it('is for operators alone, and takes one request to the database', async () => {
    const { user, bad } = await history()
    const delivery = `deliveries/stripe/${bad.id}`
    const paths = ['overview', 'deliveries?outcome=rejected', delivery, `find?id=${user}`, 'actions']
    expect(paths.length).toBe(Object.keys(readers).length)
    for (const path of paths) {
      for (const token of [null, accountSettings.SERVICE_TOKEN])
        expect((await callWith(token, `/api/ops/${path}`)).status, path).toBe(401)
      const { result, requests } = await counted(() => shown(path))
      expect([result.status, requests], path).toEqual([200, 1])
      expect(result.headers.get('Cache-Control'), path).toBe('no-store')
    }
  })

  it('has the members that the document names', async () => {
    const { user, bad } = await history()
    const replies: Record<string, unknown> = {
      '/api/ops/overview': (await shown('overview')).body,
      '/api/ops/deliveries': (await shown('deliveries?outcome=parked')).body,
      '/api/ops/deliveries/{provider}/{event}': (await shown(`deliveries/stripe/${bad.id}`)).body,
      '/api/ops/find': (await shown(`find?id=${user}`)).body,
      '/api/ops/actions': (await shown('actions')).body,
    }
    expect(Object.keys(replies)).toEqual(shownPages.map(({ path }) => path))
    for (const { path, response } of shownPages) {
      const { shape } = response() as z.ZodMiniObject
      expect(z.strictObject(shape).safeParse(replies[path]).error, path).toBeUndefined()
    }
  })

  it('filters deliveries as the page does, and goes on where a page ends', async () => {
    const { user, paid, bad, waiting } = await history()
    const found = async (query: string) =>
      ((await shown(`deliveries?${query}`)).body as { deliveries: { event: string }[] }).deliveries.map(
        ({ event }) => event,
      )
    expect(await found(`user_id=${user}&provider=stripe`)).toEqual([bad.id, paid.id])
    expect(await found(`user_id=${user}&outcome=rejected&reason=invalid_metadata`)).toEqual([bad.id])
    expect(await found(`id=${waiting.id}`)).toEqual([waiting.id])
    expect(await found(`user_id=${user}&until=2020-01-01T00:00:00`)).toEqual([])
    expect(await found(`user_id=${user}&since=2020-01-01T00:00:00Z&type=${COMPLETED}`)).toHaveLength(2)
    const { body } = await shown(`deliveries/stripe/${bad.id}`)
    const { received_at } = (body as { delivery: { received_at: string } }).delivery
    // Neither is encoded: the `+` of an offset arrives as a space.
    for (const at of [received_at, received_at.replace('+00:00', 'Z')])
      expect(await found(`user_id=${user}&before_at=${at}&before_id=${bad.id}&provider=stripe`)).toEqual([
        paid.id,
      ])
    expect(received_at).toMatch(/\+00:00$/)
  })

  it('ends a page with a cursor that can be pasted into a query as it is', async () => {
    const user = await signedUp()
    await query(
      `insert into webhook_events (provider, event_id, type, outcome, user_id, received_at)
       select 'stripe', 'evt_' || n || '_' || $1, 'paged.type', 'ignored', $1, now() - interval '1 second' * n
       from generate_series(1, 60) n`,
      [user],
    )
    interface Page {
      deliveries: { event: string }[]
      next: [string, string] | null
    }
    const page = async (more = '') =>
      (await shown(`deliveries?user_id=${user}&type=paged.type${more}`)).body as unknown as Page
    const { next } = await page()
    expect(next).toEqual([expect.stringMatching(/^[\d-]{10}T[\d:]{8}\.\d{6}Z$/), `evt_50_${user}`])
    const last = await page(`&before_at=${next?.[0]}&before_id=${next?.[1]}`)
    expect([last.deliveries.at(0)?.event, last.deliveries.length, last.next]).toEqual([
      `evt_51_${user}`,
      10,
      null,
    ])
  })

  it('says what a delivery waits for, and each entry in words', async () => {
    const { user, waiting } = await history()
    const { body } = await shown(`deliveries/stripe/${waiting.id}`)
    expect(body).toMatchObject({
      delivery: {
        outcome: 'parked',
        reason: 'unknown_user',
        waits_for: [{ subject: expect.stringMatching(/^user:/) }],
      },
      has_payload: true,
    })
    expect((await shown(`find?id=${user}`)).body).toMatchObject({
      about: 'user',
      balance: 540,
      user: { id: user },
      payments: [{ id: `pi_${user}`, credits: 500 }],
      entries: [{ kind: 'signup_bonus' }, { says: `500 credits bought with payment pi_${user}` }],
    })
  })

  it('says what a delivery still waits for, not what is here, and when Stripe is asked', async () => {
    const ada = await subscriber()
    const credits: [string, string] = [ada.in('1'), 'il_1']
    const change = ada.invoice('2', [
      planLine({ price: 'price_pro', amount: -500, proration: true, credits }),
    ])
    expect(await ada.told(change)).toBe('parked unknown_invoice')
    const payment = `pi_${ada.id}`
    const sold = paymentIntentEvent({ payment, user: ada.id })
    expect(await ada.told(sold)).toBe('parked unlinked_payment')
    const waitsFor = async ({ id }: { id: string }) =>
      ((await shown(`deliveries/stripe/${id}`)).body.delivery as { waits_for: object[] }).waits_for
    const retry_at = expect.any(String)
    expect(await waitsFor(change)).toEqual([{ subject: `invoice:${ada.in('1')}`, retry_at }])
    expect(await waitsFor(sold)).toEqual([
      { subject: `payment:ch_${payment}`, retry_at },
      { subject: `payment:${payment}`, retry_at: null },
    ])
  })

  it('has what operators have done, the newest first', async () => {
    const { bad } = await history()
    const operator = await signedIn()
    const page = `/ops/deliveries/stripe/${bad.id}`
    expect(hiddenIn(await see(operator, page), 'do')).not.toBe('')
    await submit(operator, page, { do: 'settle', note: 'Refunded' })
    const { actions } = (await shown('actions')).body as { actions: object[] }
    expect(actions[0]).toMatchObject({ action: 'settle', event_id: bad.id, note: 'Refunded' })
  })

  it('names the field of a value that it cannot read, and of an id that is missing', async () => {
    const notMoment = /^takes a moment in ISO 8601/
    const wrong = {
      'deliveries?outcome=parkd': ['outcome', /^is one of applied, .*parked/],
      'deliveries?reason=unknown': ['reason', /^is one of .*unknown_user/],
      'deliveries?provider=paypal': ['provider', /^is one of clerk, stripe$/],
      find: ['id', /^is required$/],
      'find?id=': ['id', /^is required$/],
      'find?id=user_1&before=x': ['before', /^is no `next` of a page$/],
      'actions?before=zz': ['before', /^is no `next` of a page$/],
      'deliveries?since=abc': ['since', notMoment],
      'deliveries?until=2026-02-30': ['until', notMoment],
      'deliveries?until=2026-01-01T25:00': ['until', notMoment],
      'deliveries?since=0000-01-01': ['since', notMoment],
      'deliveries?before_at=zz&before_id=evt_1': ['before_at', notMoment],
      'deliveries?before_id=evt_1': ['before_at', /^is required with before_id$/],
    } as const
    for (const [path, [field, says]] of Object.entries(wrong)) {
      const { result, requests } = await counted(() => shown(path))
      expect([result.status, requests], path).toEqual([400, 0])
      expect(result.body, path).toEqual({
        error: 'invalid_request',
        fields: { [field]: [expect.stringMatching(says)] },
      })
    }
    expect((await shown('deliveries?since=abc&outcome=parkd')).body).toMatchObject({
      fields: { since: [expect.anything()], outcome: [expect.anything()] },
    })
    const empty = 'outcome=&reason=&provider=&since=&before_at=&before_id='
    expect((await shown(`deliveries?${empty}`)).status).toBe(200)
    for (const at of [
      '2026-01-01',
      '2026-01-01T00:00',
      '2026-01-01T00:00:00.5Z',
      '2026-01-01T01:00:00 01:00',
    ])
      expect((await shown(`deliveries?user_id=user_1&since=${at}`)).status, at).toBe(200)
  })

  it('knows nothing of what is not there', async () => {
    for (const path of ['deliveries/stripe/evt_none', 'deliveries/paypal/evt_1', 'find?id=nobody'])
      expect([(await shown(path)).status, (await shown(path)).body], path).toEqual([
        404,
        { error: 'not_found' },
      ])
    expect((await request('/api/ops/overview', { method: 'POST' })).status).toBe(405)
  })
})
