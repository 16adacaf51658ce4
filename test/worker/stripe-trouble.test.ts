import { describe, expect, it, vi } from 'vitest'
import { clerkEvent } from '../../local/events.ts'
import {
  atStripe,
  checkout,
  comeBack,
  customersMade,
  failStripe,
  portal,
  received,
} from './checkout-support.ts'
import { customerOf, signedUp } from './people.ts'
import { balance, deliver, failNext, settings } from './support.ts'

/** After any fault, the next click works, and there is one customer, at Stripe and here. */
async function secondClickHeals(id: string): Promise<void> {
  expect(await checkout(id)).toMatchObject({ status: 200 })
  expect(await customersMade(id)).toEqual([await customerOf(id)])
}

const busy = { status: 503, body: { error: 'stripe_busy' }, retryAfter: '2' }
const unavailable = { status: 503, body: { error: 'stripe_unavailable' }, retryAfter: '10' }
const declined = { status: 402, body: { error: 'payment_declined', code: 'card_declined' }, retryAfter: null }

/** The faults of both attempts of the SDK, and the response. */
const troubles: [string, string[], object][] = [
  ['an overloaded Stripe', ['rate_limit'], busy],
  ['a connection that breaks', ['drop', 'drop'], unavailable],
  ['answers that are lost', ['drop_after', 'drop_after'], unavailable],
  ['a declined card', ['card_error'], declined],
]

describe('while the customer is made', () => {
  it.each(troubles)('%s: no half-made customer', async (_name, faults, expected) => {
    const id = await signedUp()
    await failStripe(...faults)
    expect(await checkout(id)).toMatchObject(expected)
    expect(await customerOf(id)).toBeNull()
    await secondClickHeals(id)
  })

  it('no answer at all is given up: 5 s, twice, and nothing is stored', async () => {
    const id = await signedUp()
    await failStripe('hang', 'hang')
    const startedAt = Date.now()
    expect(await checkout(id)).toMatchObject(unavailable)
    expect(Date.now() - startedAt).toBeLessThan(13_000)
    expect(await customerOf(id)).toBeNull()
    await secondClickHeals(id)
  })

  it.each([['drop'], ['drop_after'], ['server_error']])('one %s is not noticed', async (fault) => {
    const id = await signedUp()
    await failStripe(fault)
    await secondClickHeals(id)
  })

  it('a 500, which Stripe repeats for a day for that key, does not keep the user from buying', async () => {
    const id = await signedUp()
    await failStripe('server_error', 'none', 'server_error')
    await secondClickHeals(id)
    const keys = (await received(id, '/v1/customers')).map(({ idempotency_key: key }) => key)
    expect([...new Set(keys)]).toEqual(['', ':2', ':3'].map((end) => `customer:${id}:none${end}`))
  })

  it('a key that was used with an earlier address does not keep the user from buying', async () => {
    const id = await signedUp()
    await failNext('none', 'before', 'before', 'before', 'before')
    expect(await checkout(id)).toMatchObject({ status: 503, body: { error: 'unavailable' } })
    await deliver('clerk', clerkEvent('user.updated', { user: id, email: `new.${id}@example.com` }))
    expect(await checkout(id)).toMatchObject({ status: 200 })
    const made = await customersMade(id)
    expect(made).toHaveLength(2)
    expect(await customerOf(id)).toBe(made[1])
  })
})

describe('while the session is made', () => {
  it.each(troubles)('%s: the customer is stored, and used again', async (_name, faults, expected) => {
    const id = await signedUp()
    await failStripe('none', ...faults)
    expect(await checkout(id)).toMatchObject(expected)
    expect(await customersMade(id)).toEqual([await customerOf(id)])
    await secondClickHeals(id)
  })

  it('a database that is away before the customer is stored: no session, and the second click stores the same', async () => {
    const id = await signedUp()
    await failNext('none', 'before', 'before', 'before', 'before')
    expect(await checkout(id)).toMatchObject({
      status: 503,
      body: { error: 'unavailable' },
      retryAfter: '10',
    })
    expect(await received(id, '/v1/checkout/sessions')).toEqual([])
    await secondClickHeals(id)
  })
})

describe('a customer that Stripe has deleted', () => {
  it('is replaced, once, also by two clicks, and before its webhook has come', async () => {
    const id = await signedUp()
    await checkout(id)
    const old = String(await customerOf(id))
    const { events } = await atStripe(`customers/${old}/delete`)
    expect(await Promise.all([checkout(id), checkout(id)])).toMatchObject([{ status: 200 }, { status: 200 }])
    const [replacement, ...more] = await customersMade(id)
    expect(more).toEqual([])
    expect(await customerOf(id)).toBe(replacement)
    expect((await received(id, '/v1/customers')).at(-1)?.idempotency_key).toBe(`customer:${id}:${old}`)

    await deliver('stripe', events.at(-1) ?? {})
    expect(await customerOf(id)).toBe(replacement)
  })

  it('is replaced after its webhook has come, though the first key still answers with it', async () => {
    const id = await signedUp()
    await checkout(id)
    const { events } = await atStripe(`customers/${await customerOf(id)}/delete`)
    await deliver('stripe', events.at(-1) ?? {})
    expect(await customerOf(id)).toBeNull()
    await secondClickHeals(id)
  })

  it('has no portal', async () => {
    const id = await signedUp()
    await checkout(id)
    await atStripe(`customers/${await customerOf(id)}/delete`)
    expect(await portal(id)).toMatchObject({ status: 409, body: { error: 'no_customer' } })
  })
})

describe('on the way back, and to the portal', () => {
  it.each(troubles)('%s is said, and passes', async (_name, faults, expected) => {
    const id = await signedUp()
    const { id: session } = (await checkout(id)).body
    await atStripe(`sessions/${session}/pay`)
    await failStripe(...faults)
    expect(await comeBack(id, session)).toMatchObject(expected)
    expect(await comeBack(id, session)).toMatchObject({
      status: 200,
      body: { outcome: 'applied', balance: 540 },
    })
    await failStripe(...faults)
    expect(await portal(id)).toMatchObject(expected)
    expect(await portal(id)).toMatchObject({ status: 200 })
  })

  it('a database that is away is said, and what it has committed all the same is not done twice', async () => {
    const id = await signedUp()
    const { id: session } = (await checkout(id)).body
    await atStripe(`sessions/${session}/pay`)
    await failNext('after_commit', 'before', 'before', 'before')
    expect(await comeBack(id, session)).toMatchObject({ status: 503, body: { error: 'unavailable' } })
    expect((await comeBack(id, session)).body).toMatchObject({ outcome: 'duplicate', balance: 540 })
    expect(await balance(id)).toBe(540)
  })

  it('the log says what went wrong by its code, and nothing about whom', async () => {
    const log = vi.spyOn(console, 'log')
    const id = await signedUp()
    await failStripe('rate_limit')
    await checkout(id)
    const lines = log.mock.calls.map(([line]) => String(line)).join('\n')
    expect(lines).toContain('"cause":"StripeRateLimitError"')
    for (const secret of [`${id}@example.com`, settings.STRIPE_SECRET_KEY])
      expect(lines).not.toContain(secret)
  })
})
