import type { Sent } from './histories.ts'

interface Obj {
  [member: string]: unknown
  id: string
  created: number
}

interface StripeEvent extends Obj {
  type: string
  data: { object: Obj & { object: string } }
}

/** The objects of both providers after a history: their lists, served as their APIs do. */
export interface World {
  /** By Stripe's name for the kind of object, as in the path of its list. */
  stripe: Map<string, Map<string, Obj>>
  users: Map<string, { id: string; created_at: number; updated_at: number }>
  events: Obj[]
  /** The Clerk key that the requests must have. */
  instance: string
  /** Every request that was made. */
  requests: string[]
  /** Makes the next requests fail. */
  faults: ((url: URL) => Response | null)[]
  fetch: typeof fetch
}

const LISTS: Record<string, string> = {
  'checkout.session': 'checkout/sessions',
  subscription: 'subscriptions',
  invoice: 'invoices',
  refund: 'refunds',
  dispute: 'disputes',
  invoice_payment: 'invoice_payments',
  customer: 'customers',
  payment_intent: 'payment_intents',
}

/** The progress of a dispute, regardless of the order in which its events were made. */
const DISPUTES = ['warning_needs_response', 'needs_response', 'lost', 'won']

export function emptyWorld(instance = 'ins_tests'): World {
  const world: World = {
    stripe: new Map(Object.values(LISTS).map((path) => [path, new Map()])),
    users: new Map(),
    events: [],
    instance,
    requests: [],
    faults: [],
    fetch: async (input) => answer(world, new URL(String(input instanceof Request ? input.url : input))),
  }
  return world
}

/** Returns the world after this history. */
export function worldOf(sent: Sent[], { keepsEvents = false } = {}): World {
  const world = emptyWorld()
  for (const one of sent) {
    if (one.provider === 'session' || one.provider === 'app') continue
    if (one.provider === 'clerk') happenAtClerk(world, one.event)
    else happenAtStripe(world, one.event, keepsEvents)
  }
  return world
}

export function happenAtClerk({ users }: World, event: object) {
  const { type, data } = event as {
    type: string
    data: { id: string; created_at: number; updated_at: number }
  }
  if (type === 'user.deleted') {
    users.delete(data.id)
    return
  }
  const known = users.get(data.id)
  // Clerk keeps the time of the sign-up.
  users.set(data.id, { ...data, created_at: known?.created_at ?? data.created_at })
}

export function happenAtStripe({ stripe, events }: World, happened: object, keepsEvents = false) {
  const event = happened as StripeEvent
  if (keepsEvents) events.push(event)
  const { object } = event.data
  if (event.type === 'customer.deleted') {
    stripe
      .get('customers')
      ?.set(object.id, { id: object.id, created: event.created, object: 'customer', deleted: true })
    return
  }
  const list = stripe.get(LISTS[object.object] ?? '')
  if (!list) return
  const known = list.get(object.id)
  const created = known?.created ?? event.created
  const merged = object.object === 'dispute' ? disputeOf(known, event.type, object) : object
  const failed = object.object === 'refund' && (known?.status === 'failed' || event.type === 'refund.failed')
  list.set(object.id, {
    ...merged,
    ...(object.object === 'refund' && {
      amount: Math.max(Number(known?.amount ?? 0), Number(object.amount)),
    }),
    ...(failed && { status: 'failed' }),
    ...(object.object === 'invoice_payment' && { status: 'paid' }),
    ...(object.object === 'checkout.session' && { status: 'complete' }),
    ...(known?.payment_status === 'paid' && { payment_status: 'paid' }),
    created,
  })
}

/** An object lists how its money moved; an event of the tests may say it only by its type. */
function disputeOf(known: Obj | undefined, type: string, object: Obj): Obj {
  const rank = (status: unknown) => DISPUTES.indexOf(String(status))
  const status = type === 'charge.dispute.funds_withdrawn' ? 'needs_response' : object.status
  const further = known && rank(known.status) > rank(status) ? known.status : status
  const amount = Math.max(Number(known?.amount ?? 0), Number(object.amount))
  const moves = [{ amount: -amount }, { amount }]
  const count = further === 'won' ? 2 : further === 'warning_needs_response' ? 0 : 1
  return { ...object, status: further, amount, balance_transactions: moves.slice(0, count) }
}

function answer(world: World, url: URL): Response {
  world.requests.push(`${url.pathname}${url.search}`)
  const fault = world.faults.shift()?.(url)
  if (fault) return fault
  if (url.pathname === '/v1/instance') return json({ object: 'instance', id: world.instance })
  if (url.pathname.startsWith('/v1/users')) return clerkAnswer(world, url)
  return stripeAnswer(world, url)
}

function clerkAnswer({ users }: World, url: URL): Response {
  const [, , , id] = url.pathname.split('/')
  if (id) {
    const user = users.get(decodeURIComponent(id))
    return user ? json(user) : json({ errors: [{ code: 'resource_not_found' }] }, 404)
  }
  const query = url.searchParams
  const ids = query.getAll('user_id')
  const [limit, offset] = [Number(query.get('limit') ?? 10), Number(query.get('offset') ?? 0)]
  const order = query.get('order_by') ?? '-created_at'
  const by = order.slice(1) as 'created_at' | 'updated_at'
  const all = [...users.values()]
    .filter((user) => ids.length === 0 || ids.includes(user.id))
    .filter((user) => user.created_at >= Number(query.get('created_at_after') ?? 0))
    .sort((a, b) => (a[by] - b[by]) * (order.startsWith('-') ? -1 : 1))
  return json(all.slice(offset, offset + limit))
}

function stripeAnswer({ stripe, events }: World, url: URL): Response {
  const [, path = '', id] = /^\/v1\/(checkout\/sessions|\w+)(?:\/([^/]+))?$/.exec(url.pathname) ?? []
  if (path === 'prices') return json(priceOf(id ?? ''))
  const list: Map<string, Obj> | undefined =
    path === 'events' ? new Map(events.map((event) => [event.id, event])) : stripe.get(path)
  const found = id ? list?.get(decodeURIComponent(id)) : null
  if (!list || found === undefined)
    return json({ error: { type: 'invalid_request_error', code: 'resource_missing', param: 'id' } }, 404)
  if (found) return json(found)
  const query = url.searchParams
  const types = query.getAll('types[]')
  const from = Number(query.get('created[gte]') ?? 0)
  const all = [...list.values()]
    .filter((object) => object.deleted !== true && object.created >= from)
    .filter((object) => types.length === 0 || types.includes(String(object.type)))
    .filter((object) => query.get('status') !== 'paid' || object.status === 'paid')
    .filter((object) => paysWith(object, query))
    .sort((a, b) => b.created - a.created || (a.id < b.id ? 1 : -1))
  const after = query.get('starting_after')
  const start = after ? all.findIndex((object) => object.id === after) + 1 : 0
  const limit = Number(query.get('limit') ?? 10)
  return json({ object: 'list', data: all.slice(start, start + limit), has_more: all.length > start + limit })
}

/** Lists can be filtered by customer, those of sessions and of invoice payments also by payment. */
function paysWith(object: Obj, query: URLSearchParams): boolean {
  const customer = query.get('customer')
  if (customer !== null && object.customer !== customer) return false
  const [session, invoice] = [query.get('payment_intent'), query.get('payment[payment_intent]')]
  const { payment } = object as { payment?: { payment_intent?: unknown } }
  if (session !== null) return object.payment_intent === session
  return invoice === null || payment?.payment_intent === invoice
}

/** The price of one unit in every event of the tests. */
const priceOf = (id: string) => ({
  id,
  object: 'price',
  currency: 'usd',
  unit_amount_decimal: '2000',
  product: `prod_${id}`,
  recurring: { interval: 'month', interval_count: 1, usage_type: 'licensed' },
  currency_options: {},
})

export const json = (body: unknown, status = 200, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), {
    status,
    headers: { 'Content-Type': 'application/json', Date: new Date().toUTCString(), ...headers },
  })
