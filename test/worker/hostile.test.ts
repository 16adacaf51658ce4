import fc from 'fast-check'
import { expect, it } from 'vitest'
import { checkoutEvent, clerkEvent, fixtures, randomId } from '../../local/events.ts'
import { sign } from '../../local/sign.ts'
import { playing } from './random-histories.ts'
import { counted, query, request, secrets, send } from './support.ts'

const provider = fc.constantFrom('clerk' as const, 'stripe' as const)
const nasty = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom(
    '\u0000',
    '\ud800',
    '__proto__',
    "'; drop table users; --",
    '1e309',
    'x'.repeat(5000),
    '💥',
    '\\',
    '$1',
    '%s',
  ),
  fc.constantFrom(-1, 0, 1.5, 2 ** 53, -(2 ** 63), 1e300, null, true, [], {}, [[]]),
  fc.string({ unit: 'binary', maxLength: 40 }),
)

const valid = {
  clerk: fc
    .constantFrom(...Object.keys(fixtures.clerk))
    .map((type) => clerkEvent(type as 'user.created', { user: randomId('user') })),
  stripe: fc
    .constantFrom(...Object.keys(fixtures.stripe))
    .map((type) => checkoutEvent(type as 'checkout.session.completed', { user: randomId('user') })),
}

/** A valid event in which some members, anywhere in it, are replaced. */
const damaged = (event: fc.Arbitrary<object>) =>
  fc
    .tuple(event, fc.array(fc.tuple(fc.nat(), nasty), { minLength: 1, maxLength: 4 }))
    .map(([event, changes]) => {
      const copy = structuredClone(event)
      for (const [pick, value] of changes) {
        const places = members(copy)
        const [holder, key] = places[pick % places.length] ?? []
        if (holder && key) holder[key] = structuredClone(value)
      }
      return JSON.stringify(copy)
    })

function members(value: unknown): [Record<string, unknown>, string][] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => [
    [value as Record<string, unknown>, key],
    ...members(inner),
  ])
}

const body = (name: 'clerk' | 'stripe') =>
  fc.oneof(
    { weight: 6, arbitrary: damaged(valid[name]) },
    { weight: 1, arbitrary: fc.json() },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 300 }) },
  )
const delivery = provider.chain((name) => fc.record({ name: fc.constant(name), body: body(name) }))

const header = fc.oneof(
  fc.string({ unit: 'grapheme-ascii', maxLength: 200 }),
  fc.tuple(fc.integer(), fc.stringMatching(/^[0-9a-f]{0,64}$/)).map(([t, v]) => `t=${t},v1=${v}`),
  fc.base64String({ maxLength: 100 }).map((signature) => `v1,${signature}`),
  fc.constantFrom('t=', 't=,v1=', ',,,', 'v1,', 't=99999999999999999999,v1=00', 'v1=00,t=1e9', ' '),
)

it('6,000 forged deliveries are all refused, and none of them reaches the database', async () => {
  const forged = fc.record({
    delivery,
    id: header,
    timestamp: header,
    signature: header,
    nowish: fc.boolean(),
    tamper: fc.boolean(),
  })
  const { requests } = await counted(() =>
    fc.assert(
      fc.asyncProperty(
        forged,
        async ({ delivery: { name, body }, id, timestamp, signature, nowish, tamper }) => {
          const now = String(Math.floor(Date.now() / 1000))
          const headers: Record<string, string> = tamper
            ? await sign(name, `${body} `, { secret: secrets[name] })
            : {
                'svix-id': id,
                'svix-timestamp': nowish ? now : timestamp,
                'svix-signature': signature,
                'stripe-signature': nowish ? `t=${now},${signature}` : signature,
              }
          const response = await request(`/api/webhooks/${name}`, { method: 'POST', headers, body })
          expect(response.status).toBe(400)
        },
      ),
      playing(6_000),
    ),
  )
  expect(requests).toBe(0)
}, 300_000)

it('4,000 signed deliveries of damaged events all get a response, and each leaves its row', async () => {
  const signed = new Set<string>()
  await fc.assert(
    fc.asyncProperty(delivery, async ({ name, body }) => {
      let response = await send(name, body)
      // The database was slow, so the provider delivers it again.
      for (let tries = 1; response.status === 503 && tries < 5; tries++) response = await send(name, body)
      const answer = (await response.json()) as { event: string; outcome: string; reason: string | null }
      expect(response.status).toBe(answer.reason === 'missing_email' ? 400 : 200)
      if (answer.reason !== 'unhandled_type') signed.add(answer.event)
    }),
    playing(4_000),
  )
  const [row] = await query<{ rows: string }>('select count(*) as rows from webhook_events')
  expect(Number(row?.rows)).toBe(signed.size)
}, 300_000)
