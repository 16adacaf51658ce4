import { expect, it } from 'vitest'
import { briefly } from '../../local/brief.ts'
import { json, type Request } from '../../local/http-messages.ts'

const asked = (query: string, returned: unknown) => {
  const request: Request = { method: 'GET', path: '/test/any', query, headers: {}, body: '' }
  return JSON.parse(briefly(request, json(returned)).body)
}
const attempt = {
  event: 'evt_1',
  type: 'invoice.paid',
  status: 200,
  answer: { event: 'evt_1', type: 'invoice.paid', outcome: 'ignored', reason: 'no_effect' },
}
const subscription = {
  id: 'sub_1',
  object: 'subscription',
  status: 'active',
  items: { data: [] },
  customer: null,
}
const message = { id: 'msg_1', event: { type: 'user.created', data: { id: 'user_ada', first_name: 'Ada' } } }

it('returns what matters of each object, and a line for each webhook, to a request with ?brief', () => {
  const line = 'evt_1 invoice.paid 200 ignored / no_effect'
  const short = { id: 'sub_1', object: 'subscription', status: 'active' }
  expect(asked('brief', { deliveries: [attempt], object: subscription, events: [{ id: 'evt_1' }] })).toEqual({
    deliveries: [line],
    object: short,
  })
  expect(asked('brief', [subscription])).toEqual([short])
  expect(asked('brief', [attempt])).toEqual([line])
  expect(asked('brief', [{ ...attempt, status: null, answer: null }])).toEqual([
    'evt_1 invoice.paid not delivered',
  ])
  expect(asked('brief', [message])).toEqual([{ id: 'msg_1', type: 'user.created', user: 'user_ada' }])
})

it('returns a count as it is', () => {
  expect(asked('brief', { seeded: 3 })).toEqual({ seeded: 3 })
})

it('returns everything to any other request', () => {
  expect(asked('', [subscription, attempt, message])).toEqual([subscription, attempt, message])
})
